import { dirname } from "node:path";
import { openFolderArchive } from "../../archive/folder-reader.ts";
import { createFolderWriter } from "../../archive/folder-writer.ts";
import { readManifest } from "../../archive/manifest.ts";
import type { ArchiveReader } from "../../archive/reader.ts";
import type { ArchiveWriter } from "../../archive/writer.ts";
import { openZipArchive } from "../../archive/zip-reader.ts";
import { createZipWriter } from "../../archive/zip-writer.ts";
import type { Context } from "../../context.ts";
import { AppError } from "../../errors.ts";
import type { RateLimit } from "../../rate-limit.ts";
import { clearDeadTemporaries } from "../../stores/dead-temporaries.ts";
import { createFileSink } from "../../stores/file-sink.ts";
import { openFileSource } from "../../stores/file-source.ts";
import { createFolderTarget } from "../../stores/folder-target.ts";
import { createOpenFileSink, fileBehind } from "../../stores/open-file-sink.ts";
import { limitSink } from "../../stores/limited-sink.ts";
import { createStreamSink } from "../../stores/stream-sink.ts";

import type { BackupTarget } from "./target.ts";

/**
 * Opens the writer for a target. Archive and manifest are read back under the temporary name before the final one is
 * given; what dead runs left in the same folder goes first.
 * @param zip how a ZIP is written: the time that its entries carry, the level of its own deflate
 * @param writeLimit of the bytes of the archive
 */
export async function openTarget(
  target: BackupTarget,
  overwrite: boolean,
  context: Context,
  zip: { modifiedAt: Date; deflateLevel?: number },
  writeLimit: RateLimit | undefined,
): Promise<ArchiveWriter> {
  const { pid } = context;
  if (target.kind === "stdout") {
    const fd = fileBehind(context.stdout);
    const sink = fd === undefined ? createStreamSink(context.stdout, "stdout") : createOpenFileSink(fd, "stdout");
    return createZipWriter(limitSink(sink, writeLimit), zip);
  }
  await clearDeadTemporaries(dirname(target.path), { pid, now: context.now() });
  if (target.kind === "file") {
    const beforePublish = async (path: string): Promise<void> =>
      readBack(await openZipArchive(await openFileSource(path)));
    const sink = await createFileSink(target.path, { overwrite, pid, beforePublish });
    return createZipWriter(limitSink(sink, writeLimit), zip);
  }
  const beforePublish = async (path: string): Promise<void> => readBack(await openFolderArchive(path));
  return createFolderWriter(await createFolderTarget(target.path, { overwrite, pid, beforePublish }), {
    beforeWrite: writeLimit && ((bytes) => writeLimit.take(bytes)),
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
