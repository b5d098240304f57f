/*
 * A thread of its own that reads blobs. Calls that wait are right here: opening, reading and closing a small file that way
 * takes 6 microseconds, through promises 40; and digests, which Node computes only on the thread that asks, run beside
 * the main thread's work.
 */
import { type Hash, createHash, hash } from "node:crypto";
import { fstatSync, linkSync, readSync, unlinkSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { crc32 } from "node:zlib";
import { closeReadNow } from "../../../close-read.ts";
import { openPinnedFile, openStoredFile } from "../../../files/open-stored-file.ts";
import { linkPath } from "../../../files/pin-links.ts";
import type { BlobSource } from "../../../files/pins.ts";
import { isCompressible } from "../compressible.ts";
import type {
  BlobAnswers,
  BlobBlockRead,
  BlobRequest,
  BlobThreadData,
  ClosedBlob,
  DigestedBlob,
  FilesHeld,
  LinksMade,
  OpenedBlob,
  ReadFailure,
  RunItem,
  WantedBlob,
} from "./messages.ts";

interface OpenBlob {
  fd: number;
  source: BlobSource;
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

const { isRoot } = workerData as BlobThreadData;

function opened(source: BlobSource): number {
  if ("fd" in source) return source.fd;
  return "pin" in source ? openPinnedFile(source.pin, source.path, isRoot) : openStoredFile(source.path, isRoot);
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
    if (wanted.source === undefined) throw new Error("a name that is not one of file storage");
    fd = opened(wanted.source);
    const stats = fstatSync(fd);
    if (!stats.isFile()) return { type: "failed", failure: { code: undefined, message: "not a file" } };
    if (wanted.onlySize) return { type: "size", sizeBytes: stats.size };
    if (stats.size > wanted.roomBytes) {
      // Read by blocks next, and a file that is held has no other way in.
      if ("fd" in wanted.source) fd = undefined;
      return { type: "larger" };
    }
    const bytes = slab.subarray(wanted.offsetBytes, wanted.offsetBytes + stats.size);
    const content = bytes.subarray(0, readFully(fd, bytes, 0));
    return {
      type: "read",
      sizeBytes: content.length,
      sha256: hash("sha256", content),
      crc32: crc32(content),
      compressible: sample && isCompressible(content),
    };
  } catch (error) {
    return { type: "failed", failure: failureOf(error) };
  } finally {
    if (fd !== undefined) closeReadNow(fd);
  }
}

/** A pin that was read has done its work; what cannot be removed now goes with the run's folder. */
function removePin(source: BlobSource): void {
  if (!("pin" in source)) return;
  try {
    unlinkSync(source.pin);
  } catch {
    // see above
  }
}

function openBlob(reader: number, source: BlobSource): OpenedBlob {
  let fd: number | undefined;
  try {
    fd = opened(source);
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new Error("not a file");
    const digest = createHash("sha256");
    openBlobs.set(reader, { fd, source, digest, sizeBytes: stats.size, positionBytes: 0, failure: undefined });
    return { sizeBytes: stats.size };
  } catch (error) {
    if (fd !== undefined) closeReadNow(fd);
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

function closeBlob(reader: number): ClosedBlob {
  const { fd, source, digest } = openedBy(reader);
  closeReadNow(fd);
  openBlobs.delete(reader);
  removePin(source);
  return { sha256: digest.digest("hex") };
}

/** Read in pieces of this size where no slab is given. */
const digestBytes = 1024 * 1024;
let digestBuffer: Buffer | undefined;

function digestBlob({ source, expected }: Extract<BlobRequest, { type: "digest" }>): DigestedBlob {
  let fd: number | undefined;
  let isExpected = false;
  try {
    fd = opened(source);
    if (!fstatSync(fd).isFile()) throw new Error("not a file");
    digestBuffer ??= Buffer.allocUnsafeSlow(digestBytes);
    const digest = createHash("sha256");
    for (let position = 0, bytes = -1; bytes !== 0; position += bytes) {
      bytes = readFully(fd, digestBuffer, position);
      digest.update(digestBuffer.subarray(0, bytes));
    }
    isExpected = digest.digest("hex") === expected;
    if (isExpected) removePin(source);
    return { isExpected };
  } catch (error) {
    return { failure: failureOf(error) };
  } finally {
    // A file that is held and is to be read has no other way in.
    if (fd !== undefined && (isExpected || !("fd" in source))) closeReadNow(fd);
  }
}

function holdFiles({ table, from, paths }: Extract<BlobRequest, { type: "hold" }>): FilesHeld {
  for (const [place, path] of paths.entries()) {
    if (path === "") continue;
    try {
      table[from + place] = openStoredFile(path, isRoot);
    } catch (error) {
      // Any other file that cannot be opened is a loss to be named when it is read.
      const { code = "" } = error as NodeJS.ErrnoException;
      if (["EMFILE", "ENFILE", "ENOMEM"].includes(code)) return { hasRoom: false };
    }
  }
  return { hasRoom: true };
}

function makeLinks({ folder, from, paths }: Extract<BlobRequest, { type: "link" }>): LinksMade {
  for (const [place, path] of paths.entries()) {
    if (path === "") continue;
    try {
      linkSync(path, linkPath(folder, from + place));
    } catch (error) {
      // A missing blob is a loss to be named when it is read, not a reason to give up the others.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") return { failure: failureOf(error) };
    }
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
    if (item.type !== "failed" && wanted.source !== undefined) removePin(wanted.source);
  }
  return items;
}

function answer(request: BlobRequest): BlobAnswers[keyof BlobAnswers] {
  switch (request.type) {
    case "run":
      return readRun(request);
    case "open":
      return openBlob(request.reader, request.source);
    case "block":
      return readBlock(openedBy(request.reader), new Uint8Array(request.slab), request.sample);
    case "close":
      return closeBlob(request.reader);
    case "digest":
      return digestBlob(request);
    case "hold":
      return holdFiles(request);
    case "link":
      return makeLinks(request);
  }
}

parentPort?.on("message", (request: BlobRequest) => parentPort?.postMessage(answer(request)));
