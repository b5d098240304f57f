import { createHash } from "node:crypto";
import { closeSync, fchownSync, fdatasyncSync, openSync, readSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { setImmediate } from "node:timers/promises";
import { closeReadNow } from "../close-read.ts";
import { namingFileNow, writeError } from "../disk-errors.ts";
import { DamagedError } from "../errors.ts";
import { type PlannedFile, type RestoreFiles, keptName, liveName, makeFolder } from "./restore-files.ts";

/*
 * Calls here wait for the disk, because they run in threads, where a small file costs a fifth of what promises cost.
 */

const readBytes = 1024 * 1024;
/** A large file goes to the disk on the way, beside the loading of rows, instead of all at the end. */
const syncEveryBytes = 64 * 1024 * 1024;

/**
 * Whether a live file already has the content that an archive gives: same size, same digest, so that it need not be
 * written.
 */
export async function hasContent(
  files: RestoreFiles,
  file: PlannedFile,
  sizeBytes: number,
  sha256: string,
): Promise<boolean> {
  const path = liveName(files, file);
  if (path === undefined) return false;
  let fd: number | undefined;
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isFile() !== true || found.size !== sizeBytes) return false;
    fd = openSync(path, "r");
    const hash = createHash("sha256");
    const buffer = Buffer.allocUnsafe(Math.min(readBytes, sizeBytes));
    for (let at = 0, bytes = 1; at < sizeBytes && bytes > 0; at += bytes) {
      bytes = readSync(fd, buffer, 0, buffer.length, at);
      hash.update(buffer.subarray(0, bytes));
      // On the main thread others wait for their turn.
      if (sizeBytes > readBytes) await setImmediate();
    }
    return hash.digest("hex") === sha256;
  } catch {
    return false;
  } finally {
    if (fd !== undefined) closeReadNow(fd);
  }
}

/**
 * Writes a file of the new state aside; it is not live before `putNewFiles`.
 * @param content its bytes; a chunk is written before the next is asked for. An error of the source is thrown on, and the
 * half-written file stays inside the work folder
 * @param expected size that must come out, when it is known
 * @throws DamagedError when another number of bytes came than expected
 */
export async function stageFile(
  files: RestoreFiles,
  file: PlannedFile,
  content: AsyncIterable<Uint8Array>,
  expected?: { sizeBytes: number; what: string },
): Promise<void> {
  const path = keptName(files, "new", file);
  const fd = openNew(files, path);
  let written = 0;
  let unsynced = 0;
  try {
    for await (const chunk of content) {
      writeFully(fd, path, chunk, written, expected?.sizeBytes);
      written += chunk.length;
      unsynced += chunk.length;
      if (unsynced < syncEveryBytes) continue;
      namingFileNow(path, () => fdatasyncSync(fd));
      unsynced = 0;
    }
    const { owner } = files;
    if (owner !== undefined) namingFileNow(path, () => fchownSync(fd, owner.uid, owner.gid));
  } finally {
    namingFileNow(path, () => closeSync(fd));
  }
  if (expected !== undefined && written !== expected.sizeBytes)
    throw new DamagedError("size-mismatch", `${expected.what}: expected ${expected.sizeBytes} bytes, found ${written}`);
}

function writeFully(fd: number, path: string, chunk: Uint8Array, writtenBytes: number, expectedBytes = 0): void {
  for (let done = 0; done < chunk.length;) {
    try {
      done += writeSync(fd, chunk, done);
    } catch (error) {
      const atLeast = chunk.length - done;
      const neededBytes = Math.max(atLeast, expectedBytes - writtenBytes - done);
      throw writeError(error, { path, neededBytes, writtenBytes: writtenBytes + done });
    }
  }
}

function openNew(files: RestoreFiles, path: string): number {
  try {
    return openSync(path, "w", 0o644);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    makeFolder(files, dirname(path));
    return openSync(path, "w", 0o644);
  }
}
