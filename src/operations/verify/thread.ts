/*
 * A thread of its own that checks entries: Node computes digests only on the thread that asks, so that one thread alone
 * leaves the other cores idle.
 */
import { readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { readZipContent } from "../../archive/zip-entry-data.ts";
import type { ByteSource } from "../../bytes.ts";
import { AppError, DamagedError, messageOf } from "../../errors.ts";
import { checkEntry } from "./check-entry.ts";
import { entryProblem } from "./problem-list.ts";
import type { BatchResult, ThreadArchive, ZipEntryCheck } from "./thread-messages.ts";

const archive = workerData as ThreadArchive;
/** Small entries stand next to each other: one read brings many of them. */
const windowBytes = 1024 * 1024;

/** Buffers that take turns while stored bytes flow by: at most one that is looked at, and one that is read ahead. */
const ring = Array.from({ length: 4 }, () => Buffer.from(new SharedArrayBuffer(windowBytes)));
let turn = 0;
/** Whether the chunks of the entry at hand are looked at once, and never kept. */
let passesBy = false;

function bufferFor(lengthBytes: number): Buffer {
  if (!passesBy || lengthBytes > windowBytes) return Buffer.allocUnsafeSlow(lengthBytes);
  turn = (turn + 1) % ring.length;
  return ring[turn]!.subarray(0, lengthBytes);
}

function readFully(offsetBytes: number, buffer: Buffer): Buffer {
  const lengthBytes = buffer.length;
  let done = 0;
  while (done < lengthBytes) {
    let bytes: number;
    try {
      bytes = readSync(archive.fd, buffer, done, lengthBytes - done, offsetBytes + done);
    } catch (error) {
      const place = `cannot read ${archive.label} at offset ${offsetBytes + done}`;
      throw new AppError("read-failed", `${place}: ${messageOf(error)}`, { cause: error });
    }
    if (bytes === 0)
      throw new DamagedError(
        "archive-shrank",
        `${archive.label} shrank while it was read: expected ${archive.sizeBytes} bytes, found its end at ${offsetBytes + done}`,
      );
    done += bytes;
  }
  return buffer;
}

let window: { offsetBytes: number; bytes: Buffer } = { offsetBytes: 0, bytes: Buffer.alloc(0) };

const source: ByteSource = {
  label: archive.label,
  sizeBytes: archive.sizeBytes,
  async read(offsetBytes, lengthBytes) {
    if (lengthBytes >= windowBytes / 2) return readFully(offsetBytes, bufferFor(lengthBytes));
    const end = window.offsetBytes + window.bytes.length;
    if (offsetBytes < window.offsetBytes || offsetBytes + lengthBytes > end)
      window = {
        offsetBytes,
        bytes: readFully(offsetBytes, Buffer.allocUnsafeSlow(Math.min(windowBytes, archive.sizeBytes - offsetBytes))),
      };
    const start = offsetBytes - window.offsetBytes;
    return window.bytes.subarray(start, start + lengthBytes);
  },
  close: () => Promise.resolve(),
};

async function checkBatch(batch: readonly ZipEntryCheck[]): Promise<BatchResult> {
  const problems: BatchResult["problems"] = [];
  for (const check of batch)
    try {
      passesBy = check.codec === "none" && check.entry.method === "stored";
      const content = readZipContent(source, check.entry, archive.directoryOffsetBytes);
      problems.push(...(await checkEntry(check, content)));
    } catch (error) {
      if (error instanceof DamagedError) problems.push(entryProblem(archive.label, error));
      else {
        const code = error instanceof AppError ? error.code : "read-failed";
        return { problems, error: { code, message: messageOf(error) } };
      }
    }
  return { problems, error: undefined };
}

parentPort?.on("message", (batch: readonly ZipEntryCheck[]) => {
  void checkBatch(batch).then((result) => parentPort?.postMessage(result));
});
