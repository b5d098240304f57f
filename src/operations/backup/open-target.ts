import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { openFolderArchive } from "../../archive/folder-reader.ts";
import { createFolderWriter } from "../../archive/folder-writer.ts";
import { readManifest } from "../../archive/manifest.ts";
import type { ArchiveReader } from "../../archive/reader.ts";
import type { ArchiveWriter } from "../../archive/writer.ts";
import { openZipArchive } from "../../archive/zip-reader.ts";
import { createZipWriter } from "../../archive/zip-writer.ts";
import type { Context } from "../../context.ts";
import { AppError } from "../../errors.ts";
import { describeOwner } from "../../run-owner.ts";
import { createFileSink } from "../../stores/file-sink.ts";
import { openFileSource } from "../../stores/file-source.ts";
import { createStreamSink } from "../../stores/stream-sink.ts";
import { clearDeadTemporaries, ownedTemporaryName } from "../../stores/temporary-names.ts";
import type { BackupTarget } from "./target.ts";

/**
 * Opens the writer for a target. Archive and manifest are read back under the temporary name before the final one is
 * given; what dead runs left in the same folder goes first.
 * @param modifiedAt time that the entries of a ZIP carry
 */
export async function openTarget(
  target: BackupTarget,
  overwrite: boolean,
  context: Context,
  modifiedAt: Date,
): Promise<ArchiveWriter> {
  if (target.kind === "stdout") return createZipWriter(createStreamSink(context.stdout, "stdout"), { modifiedAt });
  await clearDeadTemporaries(dirname(target.path));
  if (target.kind === "file") {
    const check = async (path: string): Promise<void> => readBack(await openZipArchive(await openFileSource(path)));
    return createZipWriter(await createFileSink(target.path, { overwrite, pid: context.pid, check }), { modifiedAt });
  }
  const owner = await describeOwner(context.pid);
  const name = ownedTemporaryName(basename(target.path), owner, randomBytes(4).toString("hex"));
  if (overwrite) await rm(target.path, { recursive: true, force: true });
  return await createFolderWriter(target.path, {
    temporaryPath: join(dirname(target.path), name),
    check: async (path) => readBack(await openFolderArchive(path)),
  });
}

/** Whether what was written can be opened, and holds every entry that its manifest lists, at the size it says. */
async function readBack(reader: ArchiveReader): Promise<void> {
  try {
    const manifest = await readManifest(reader);
    for (const listed of manifest?.entries.values() ?? []) {
      const found = reader.entries.get(listed.name);
      if (found?.contentBytes !== listed.contentBytes)
        throw new AppError(
          "read-back",
          `the archive does not read back as it was written: entry ${listed.name}: expected ${listed.contentBytes} bytes, found ${found?.contentBytes ?? "none"}`,
        );
    }
  } finally {
    await reader.close();
  }
}
