import { type FileHandle, open, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { ByteSink } from "../bytes.ts";
import { describeOwner } from "../run-owner.ts";
import { createError, writeError } from "../disk-errors.ts";
import { checkTarget, publishFile, syncFolder } from "./publish.ts";
import { ownedTemporaryName } from "./temporary-names.ts";

const syncEveryBytes = 256 * 1024 * 1024;

/** How a local file is written. */
export interface FileSinkOptions {
  /** Of this process, part of the temporary's name. */
  pid: number;
  /** Replace a file that has the final name; refused when not given. */
  overwrite?: boolean;
  /** Called with the complete, synced temporary file, before it gets its final name; when it throws, it never does. */
  beforePublish?: (temporaryPath: string) => Promise<void>;
}

/**
 * Writes a local file (mode 0600) under a hidden name beside the final one; `finish` syncs it, gives it its name without
 * replacing anything (unless told to), and syncs the folder.
 * @throws RefusedError target-exists, at once and also when another made it in the meantime
 * @throws AppError no-space with the bytes needed and free, target-not-writable, write-failed
 */
export async function createFileSink(path: string, options: FileSinkOptions): Promise<ByteSink> {
  const final = resolve(path);
  const overwrite = options.overwrite ?? false;
  await checkTarget(final, "file", overwrite);
  const owner = await describeOwner(options.pid);
  const temporary = join(dirname(final), ownedTemporaryName(basename(final), owner));
  let file: FileHandle | undefined;
  try {
    file = await open(temporary, "wx", 0o600);
  } catch (error) {
    throw createError(error, final);
  }
  let writtenBytes = 0;
  let published = false;
  // Synced while more is written, so that little is left for the end and the disk is never flooded.
  let unsyncedBytes = 0;
  let syncing: Promise<void> | undefined;
  let syncFailure: { error: unknown } | undefined;
  const syncBehind = (): void => {
    if (file === undefined || syncing !== undefined || unsyncedBytes < syncEveryBytes) return;
    unsyncedBytes = 0;
    syncing = file
      .datasync()
      .catch((error: unknown) => void (syncFailure ??= { error }))
      .finally(() => (syncing = undefined));
  };
  const fail = (error: unknown, neededBytes: number): Error =>
    writeError(error, { path: final, neededBytes, writtenBytes });
  const close = async (): Promise<void> => {
    const open_ = file;
    file = undefined;
    await syncing;
    await open_?.close();
  };

  return {
    label: final,
    async write(chunk) {
      if (file === undefined) throw new Error(`${final} is closed`);
      if (syncFailure !== undefined) throw fail(syncFailure.error, chunk.length);
      let done = 0;
      while (done < chunk.length) {
        try {
          const { bytesWritten } = await file.write(chunk, done, chunk.length - done);
          done += bytesWritten;
          writtenBytes += bytesWritten;
          unsyncedBytes += bytesWritten;
        } catch (error) {
          throw fail(error, chunk.length - done);
        }
      }
      syncBehind();
    },
    async finish() {
      if (file === undefined) throw new Error(`${final} is closed`);
      try {
        await syncing;
        // An error of a sync is told once: a later one may find nothing left to complain about.
        if (syncFailure !== undefined) throw syncFailure.error;
        await file.sync();
        await close();
        await options.beforePublish?.(temporary);
        await publishFile(temporary, final, overwrite);
        published = true;
        await syncFolder(dirname(final));
      } catch (error) {
        throw fail(error, 0);
      }
    },
    async abort() {
      await close().catch(() => {});
      // Once it has its name it is a complete archive, even if the folder could not be synced.
      if (!published) await rm(temporary, { force: true });
    },
  };
}
