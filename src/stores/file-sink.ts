import { randomBytes } from "node:crypto";
import { link, open, rename, rm, statfs } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ByteSink } from "../bytes.ts";
import { AppError, RefusedError, messageOf } from "../errors.ts";
import { describeOwner } from "../run-owner.ts";
import { ownedTemporaryName } from "./temporary-names.ts";

/** How a file is written. */
export interface FileSinkOptions {
  /** Replace a file that has the final name. */
  overwrite: boolean;
  /** Our process, part of the temporary name. */
  pid: number;
  /** Reads back what was written, under its temporary name, before it gets its final one; what it throws ends the sink. */
  check?: (temporaryPath: string) => Promise<void>;
}

/** Writes smaller than this are put together: a system call each would cost more than the copy. */
const batchBytes = 1024 * 1024;

/**
 * A file that appears under its name only when it is complete: written under a temporary name beside it (mode 0600),
 * synced, renamed, its folder synced.
 * @param path final name, absolute
 * @throws RefusedError when the folder cannot be written; AppError with the path when the disk is full
 */
export async function createFileSink(path: string, options: FileSinkOptions): Promise<ByteSink> {
  const folder = dirname(path);
  const owner = await describeOwner(options.pid);
  const temporary = join(folder, ownedTemporaryName(basename(path), owner, randomBytes(4).toString("hex")));
  let handle;
  try {
    handle = await open(temporary, "wx", 0o600);
  } catch (error) {
    throw new RefusedError("target-not-writable", `cannot write into ${folder}: ${messageOf(error)}`, { cause: error });
  }
  const file = handle;
  let batch: Buffer[] = [];
  let batched = 0;
  let position = 0;
  let closed = false;
  const writeAll = async (bytes: Uint8Array): Promise<void> => {
    for (let done = 0; done < bytes.length;) {
      try {
        done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
      } catch (error) {
        throw await writeError(error, path, position + done);
      }
    }
    position += bytes.length;
  };
  const flush = async (): Promise<void> => {
    if (batched === 0) return;
    const bytes = batch.length === 1 ? batch[0]! : Buffer.concat(batch, batched);
    batch = [];
    batched = 0;
    await writeAll(bytes);
  };
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    await file.close();
  };
  return {
    label: path,
    async write(chunk) {
      if (chunk.length >= batchBytes) {
        await flush();
        await writeAll(chunk);
        return;
      }
      // The chunk belongs to the caller again when we return, so it is copied.
      batch.push(Buffer.from(chunk));
      batched += chunk.length;
      if (batched >= batchBytes) await flush();
    },
    async finish() {
      await flush();
      try {
        await file.sync();
      } catch (error) {
        throw await writeError(error, path, position);
      }
      await close();
      await options.check?.(temporary);
      await giveName(temporary, path, options.overwrite);
      await syncFolder(folder);
    },
    async abort() {
      batch = [];
      batched = 0;
      await close().catch(() => undefined);
      await rm(temporary, { force: true });
    },
  };
}

/** Links instead of renaming, unless a file may be replaced: a rename would silently take the place of one made meanwhile. */
async function giveName(temporary: string, path: string, overwrite: boolean): Promise<void> {
  if (overwrite) return await rename(temporary, path);
  try {
    await link(temporary, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST")
      throw new RefusedError("target-exists", `the target ${path} exists already`, {
        cause: error,
        hints: ["name another target, or give --overwrite"],
      });
    // Some network file systems have no hard links.
    return await rename(temporary, path);
  }
  await rm(temporary);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Tells a full disk from everything else, with path and numbers. */
export async function writeError(error: unknown, path: string, writtenBytes: number): Promise<AppError> {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== "ENOSPC" && code !== "EDQUOT" && code !== "EFBIG")
    return new AppError("write-failed", `cannot write ${path} at byte ${writtenBytes}: ${messageOf(error)}`, {
      cause: error,
    });
  const free = await statfs(dirname(path)).then(
    ({ bavail, bsize }) => `, ${bavail * bsize} bytes are free`,
    () => "",
  );
  const what = code === "EFBIG" ? "the file may not become larger" : "the disk is full";
  return new AppError("no-space", `cannot write ${path}: ${what} after ${writtenBytes} bytes${free}`, {
    cause: error,
    hints: [`free some space in ${dirname(path)}, or name another target`],
  });
}
