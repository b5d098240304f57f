import { randomBytes } from "node:crypto";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { ByteSource } from "../bytes.ts";
import { closeRead } from "../close-read.ts";
import { AppError, RefusedError, messageOf } from "../errors.ts";
import { createError, freeBytesAt, writeError } from "../disk-errors.ts";
import { fileSource } from "./file-source.ts";

const writeBytes = 1024 * 1024;
const checkEveryBytes = 64 * 1024 * 1024;
/** Space that stays free in the folder: the system's folder of temporary files is not ours alone. */
const reserveBytes = 64 * 1024 * 1024;
const label = "stdin";

/** How a stream is spooled. */
export interface SpoolOptions {
  /** Of this process, part of the name that the file has for a moment. */
  pid: number;
  /** Aborting it ends the spooling with the signal's reason. */
  signal: AbortSignal;
  /** Told about each number of bytes that was spooled. */
  onBytes?: (bytes: number) => void;
}

/**
 * Writes a stream that cannot be read at random, stdin as a rule, into a private file (mode 0600) that has no name any
 * more and vanishes with the process. Space is looked at before and on the way.
 * @param folder for the file
 * @returns the spooled bytes; closing them frees the space
 * @throws RefusedError spool-no-space; AppError no-space, target-not-writable, read-failed; the signal's reason
 */
export async function spoolToFile(stream: Readable, folder: string, options: SpoolOptions): Promise<ByteSource> {
  const path = join(folder, `.ngwbackup-spool-${options.pid}-${randomBytes(8).toString("hex")}`);
  checkSpace(folder, 0);
  let file: FileHandle;
  try {
    file = await open(path, "wx+", 0o600);
  } catch (error) {
    throw createError(error, path);
  }
  try {
    // Nobody else would ever remove it.
    await unlink(path).catch(() => unlink(path));
    let spooled = 0;
    let checked = 0;
    for await (const block of gather(stream, options.signal)) {
      await writeFully(file, block, spooled, folder);
      spooled += block.length;
      options.onBytes?.(block.length);
      if (spooled - checked < checkEveryBytes) continue;
      checked = spooled;
      checkSpace(folder, spooled);
    }
    return fileSource(file, label, spooled);
  } catch (error) {
    await closeRead(file);
    throw error;
  }
}

function checkSpace(folder: string, spooled: number): void {
  const free = freeBytesAt(folder);
  if (free === undefined || free >= reserveBytes) return;
  throw new RefusedError(
    "spool-no-space",
    `not enough space in ${folder} to spool ${label}: ${free} bytes free after ${spooled}, of which ${reserveBytes} must stay so`,
    { hints: ["save the archive as a file where there is space, and name that file"] },
  );
}

/** Gathers the small chunks of a pipe; a block is valid until the next is asked for. */
async function* gather(stream: Readable, signal: AbortSignal): AsyncGenerator<Buffer> {
  const block = Buffer.allocUnsafeSlow(writeBytes);
  let used = 0;
  const onAbort = (): void => void stream.destroy(signal.reason instanceof Error ? signal.reason : undefined);
  signal.throwIfAborted();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    for await (const piece of stream as AsyncIterable<Buffer | string>) {
      let chunk = typeof piece === "string" ? Buffer.from(piece) : piece;
      while (chunk.length > 0) {
        const taken = chunk.copy(block, used);
        used += taken;
        chunk = chunk.subarray(taken);
        if (used < writeBytes) continue;
        yield block;
        used = 0;
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AppError) throw error;
    throw new AppError("read-failed", `cannot read ${label}: ${messageOf(error)}`, { cause: error });
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
  signal.throwIfAborted();
  if (used > 0) yield block.subarray(0, used);
}

async function writeFully(file: FileHandle, block: Buffer, position: number, folder: string): Promise<void> {
  let done = 0;
  while (done < block.length) {
    try {
      done += (await file.write(block, done, block.length - done, position + done)).bytesWritten;
    } catch (error) {
      const failure = { path: join(folder, "spool"), neededBytes: block.length - done, writtenBytes: position + done };
      throw writeError(error, failure);
    }
  }
}
