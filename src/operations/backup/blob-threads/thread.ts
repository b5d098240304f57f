/*
 * A thread of its own that reads blobs. Calls that wait are right here: opening, reading and closing a small file that way
 * takes 6 microseconds, through promises 40; and digests, which Node computes only on the thread that asks, run beside
 * the main thread's work.
 */
import { type Hash, createHash, hash } from "node:crypto";
import { closeSync, fstatSync, linkSync, openSync, readSync, unlinkSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { isCompressible } from "../compressible.ts";
import type {
  BlobAnswers,
  BlobBlockRead,
  BlobRequest,
  ClosedBlob,
  LinksMade,
  OpenedBlob,
  ReadFailure,
  RunItem,
  WantedBlob,
} from "./messages.ts";

interface OpenBlob {
  fd: number;
  path: string;
  digest: Hash;
  sizeBytes: number;
  positionBytes: number;
  /** What broke it off: nothing after a hole is read. */
  failure: ReadFailure | undefined;
}

/** Blobs that are read block by block. */
const openBlobs = new Map<number, OpenBlob>();

function failureOf(error: unknown): ReadFailure {
  const { code, message } = error as NodeJS.ErrnoException;
  return { code, message };
}

function readFully(fd: number, target: Uint8Array, positionBytes: number): number {
  let done = 0;
  while (done < target.length) {
    const bytes = readSync(fd, target, done, target.length - done, positionBytes + done);
    if (bytes === 0) break;
    done += bytes;
  }
  return done;
}

function readWhole(slab: Uint8Array, wanted: WantedBlob, sample: boolean): RunItem {
  let fd: number | undefined;
  try {
    fd = openSync(wanted.path, "r");
    const stats = fstatSync(fd);
    if (!stats.isFile()) return { type: "failed", failure: { code: undefined, message: "not a file" } };
    if (stats.size > wanted.roomBytes) return { type: "larger" };
    const bytes = slab.subarray(wanted.offsetBytes, wanted.offsetBytes + stats.size);
    const content = bytes.subarray(0, readFully(fd, bytes, 0));
    const sha256 = hash("sha256", content);
    return { type: "read", sizeBytes: content.length, sha256, compressible: sample && isCompressible(content) };
  } catch (error) {
    return { type: "failed", failure: failureOf(error) };
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** A pin that was read has done its work; what cannot be removed now goes with the run's folder. */
function removePin(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // see above
  }
}

function openBlob(reader: number, path: string): OpenedBlob {
  let fd: number | undefined;
  try {
    fd = openSync(path, "r");
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new Error("not a file");
    const digest = createHash("sha256");
    openBlobs.set(reader, { fd, path, digest, sizeBytes: stats.size, positionBytes: 0, failure: undefined });
    return { sizeBytes: stats.size };
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    return { failure: failureOf(error) };
  }
}

function openedBy(reader: number): OpenBlob {
  const blob = openBlobs.get(reader);
  if (blob === undefined) throw new Error("no blob is open");
  return blob;
}

function readBlock(blob: OpenBlob, slab: Uint8Array, sample: boolean): BlobBlockRead {
  if (blob.failure !== undefined) return { failure: blob.failure };
  const wanted = Math.min(slab.length, blob.sizeBytes - blob.positionBytes);
  try {
    const content = slab.subarray(0, readFully(blob.fd, slab.subarray(0, wanted), blob.positionBytes));
    blob.positionBytes += content.length;
    blob.digest.update(content);
    return { bytes: content.length, compressible: sample && isCompressible(content) };
  } catch (error) {
    blob.failure = failureOf(error);
    return { failure: blob.failure };
  }
}

function closeBlob(reader: number, remove: boolean): ClosedBlob {
  const { fd, path, digest } = openedBy(reader);
  closeSync(fd);
  openBlobs.delete(reader);
  if (remove) removePin(path);
  return { sha256: digest.digest("hex") };
}

function makeLinks(links: readonly (readonly [string, string])[]): LinksMade {
  for (const [from, to] of links)
    try {
      linkSync(from, to);
    } catch (error) {
      // A missing blob is a loss to be named when it is read, not a reason to give up the others.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") return { failure: failureOf(error) };
    }
  return { failure: undefined };
}

function readRun(request: Extract<BlobRequest, { type: "run" }>): RunItem[] {
  const slab = new Uint8Array(request.slab);
  const items: RunItem[] = [];
  for (const wanted of request.blobs) {
    const item = readWhole(slab, wanted, request.sample);
    items.push(item);
    if (item.type === "larger") break;
    if (request.remove && item.type === "read") removePin(wanted.path);
  }
  return items;
}

function answer(request: BlobRequest): BlobAnswers[keyof BlobAnswers] {
  switch (request.type) {
    case "run":
      return readRun(request);
    case "open":
      return openBlob(request.reader, request.path);
    case "block":
      return readBlock(openedBy(request.reader), new Uint8Array(request.slab), request.sample);
    case "close":
      return closeBlob(request.reader, request.remove);
    case "link":
      return makeLinks(request.links);
  }
}

parentPort?.on("message", (request: BlobRequest) => parentPort?.postMessage(answer(request)));
