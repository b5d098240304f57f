import { stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { openFolderArchive } from "../archive/folder-reader.ts";
import type { ArchiveReader } from "../archive/reader.ts";
import { openZipArchive } from "../archive/zip-reader.ts";
import type { ByteSource } from "../bytes.ts";
import type { Settings } from "../config/settings.ts";
import type { Context } from "../context.ts";
import { DamagedError, RefusedError } from "../errors.ts";
import { freeSpaceAt } from "../files/free-space.ts";
import { type Reporter, startStage } from "../progress.ts";
import { openFileSource } from "../stores/file-source.ts";
import { spoolToFile } from "../stores/spool.ts";
import { formatBytes } from "../terminal/format.ts";

/** An archive that was opened by its name. */
export interface OpenedArchive {
  reader: ArchiveReader;
  /** The bytes of a ZIP file; undefined for a folder. Closed with the reader. */
  source: ByteSource | undefined;
}

/**
 * Opens an archive by its path: a file, or a folder that `--no-zip` wrote.
 * @param path relative to `cwd`
 * @throws RefusedError (exit 4) when there is nothing, or nothing that may be read, under that name
 * @throws DamagedError (exit 5) when it is no archive
 */
export async function openArchive(path: string, cwd: string): Promise<OpenedArchive> {
  const absolute = resolve(cwd, path);
  let isFolder: boolean;
  try {
    isFolder = (await stat(absolute)).isDirectory();
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new RefusedError(
      missing ? "archive-missing" : "archive-unreadable",
      missing ? `there is no archive ${absolute}` : `cannot open the archive ${absolute}: ${(error as Error).message}`,
      { cause: error, hints: missing ? ["ngwbackup list shows the archives of backup.path"] : [] },
    );
  }
  if (isFolder) {
    const reader = await openFolderArchive(absolute);
    if (reader.entries.has("postgres/toc.dat")) return { reader, source: undefined };
    await reader.close();
    throw new DamagedError(
      "not-an-archive",
      `${absolute} is a folder and no archive: expected postgres/toc.dat in it, found none`,
      { hints: ["name the archive file itself, or a folder that backup --no-zip wrote"] },
    );
  }
  const source = await openFileSource(absolute);
  try {
    return { reader: await openZipArchive(source), source };
  } catch (error) {
    await source.close();
    throw error;
  }
}

/**
 * Opens an archive that comes through stdin: it is copied into a private file first, because an archive is read from its end.
 * @param settings for `backup.tmpdir`; undefined: the system's folder of temporary files
 */
export async function spoolArchive(
  context: Context,
  settings: Settings | undefined,
  reporter: Reporter,
): Promise<OpenedArchive> {
  const source = await spoolStdin(context, settings, reporter);
  try {
    return { reader: await openZipArchive(source), source };
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** Copies stdin into a private file, see {@link spoolArchive}; the caller closes it. */
export async function spoolStdin(
  context: Context,
  settings: Settings | undefined,
  reporter: Reporter,
): Promise<ByteSource> {
  const folder = settings?.backup.tmpdir ?? context.env.TMPDIR ?? tmpdir();
  const space = await freeSpaceAt(folder);
  const room = space === undefined ? "" : `, where ${formatBytes(space.freeBytes)} are free`;
  reporter.report({ type: "message", message: `copying stdin into a temporary file in ${folder}${room}` });
  const progress = startStage(reporter, "spool");
  return await spoolToFile(context.stdin, folder, {
    pid: context.pid,
    signal: context.signal,
    onBytes: (bytes) => progress.advance(bytes),
  });
}
