import { stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { openFolderArchive } from "../archive/folder-reader.ts";
import type { ArchiveReader } from "../archive/reader.ts";
import { openZipArchive } from "../archive/zip-reader.ts";
import type { ByteSource } from "../bytes.ts";
import { DamagedError } from "../errors.ts";
import { freeSpaceAt } from "../files/free-space.ts";
import { startStage } from "../progress.ts";
import { openFileSource } from "../stores/file-source.ts";
import { parseLocation } from "../stores/location.ts";
import { spoolToFile } from "../stores/spool.ts";
import { formatBytes } from "../terminal/format.ts";
import { openChain } from "./chain/open-chain.ts";
import type { OpenDecryptedOptions } from "./encryption/decryption.ts";
import type { ArchiveAccess } from "./stores/archive-access.ts";
import { openRemote } from "./stores/open-remote.ts";

/** An archive that was opened by its name. */
export interface OpenedArchive {
  reader: ArchiveReader;
  /** The bytes of a ZIP file; undefined for a folder. Closed with the reader. */
  source: ByteSource | undefined;
  /** Whether it was decrypted to be read. */
  encrypted: boolean;
}

/**
 * Opens an archive by its name: a file, a folder that `--no-zip` wrote, a store's URL, or `-` for stdin, which is copied into
 * a private file first, because an archive is read from its end. One that is encrypted (age v1) is decrypted as it is read. One
 * that refers to others is opened with them, so that it reads as the whole one that it stands for.
 * @param name a path is relative to the working folder
 * @throws RefusedError (exit 4) when there is nothing, or nothing that may be read, under that name, no key fits, or an archive
 * that it refers to is missing
 * @throws DamagedError (exit 5) when it is no archive, or one that it refers to is another than it says
 */
export async function openArchive(name: string, access: ArchiveAccess): Promise<OpenedArchive> {
  const { reader, ...opened } = await openArchiveAlone(name, access);
  try {
    return { ...opened, reader: await openChain(reader, name, access, openArchiveAlone) };
  } catch (error) {
    await reader.close();
    throw error;
  }
}

/** How an archive is opened without those that it refers to. */
export interface OpenAloneOptions extends OpenDecryptedOptions {
  /** See `openZipArchive`. */
  isWanted?: (name: string) => boolean;
}

/** The same without those that it refers to, for its manifest alone. @throws as {@link openArchive} does */
export async function openArchiveAlone(
  name: string,
  access: ArchiveAccess,
  options: OpenAloneOptions = {},
): Promise<OpenedArchive> {
  const folder = await findFolder(name, access);
  if (folder !== undefined) {
    const reader = await openFolderArchive(folder);
    if (reader.entries.has("postgres/toc.dat")) return { reader, source: undefined, encrypted: false };
    await reader.close();
    throw new DamagedError(
      "not-an-archive",
      `${folder} is a folder and no archive: expected postgres/toc.dat in it, found none`,
      { hints: ["name the archive file itself, or a folder that backup --no-zip wrote"] },
    );
  }
  const stored = await openArchiveBytes(name, access);
  try {
    const { source, encrypted } = await access.decryption.open(stored, options);
    return { reader: await openZipArchive(source, options.isWanted), source, encrypted };
  } catch (error) {
    await stored.close();
    throw error;
  }
}

/** The absolute path of a folder, if the name of an archive is one's; undefined for a file, a URL, `-`, or nothing at all. */
export async function findFolder(name: string, { context }: ArchiveAccess): Promise<string | undefined> {
  const location = parseLocation(name);
  if (location.kind !== "local") return undefined;
  const path = resolve(context.cwd, location.path);
  // What cannot be looked at is told by who opens it.
  const stats = await stat(path).catch(() => undefined);
  return stats?.isDirectory() === true ? path : undefined;
}

/**
 * Opens the bytes of an archive that is no folder, sound or not, as they are stored; the caller closes them.
 * @throws RefusedError as {@link openArchive}
 */
export async function openArchiveBytes(name: string, access: ArchiveAccess): Promise<ByteSource> {
  const location = parseLocation(name);
  switch (location.kind) {
    case "stdio":
      return await spoolStdin(access);
    case "local":
      return await openFileSource(resolve(access.context.cwd, location.path));
    case "s3":
    case "rclone":
      return await openRemote(location, access);
  }
}

async function spoolStdin({ context, loaded, reporter }: ArchiveAccess): Promise<ByteSource> {
  const folder = loaded?.backup.tmpdir ?? context.env.TMPDIR ?? tmpdir();
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
