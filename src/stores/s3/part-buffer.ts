import { createHash, randomBytes } from "node:crypto";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { closeRead } from "../../close-read.ts";
import { createError, writeError } from "../../disk-errors.ts";
import { AppError, messageOf } from "../../errors.ts";

/** A part while it is filled and sent; whoever made it releases it. */
export interface PartBuffer {
  readonly filledBytes: number;
  /** Takes as much of a chunk as there is room for. @returns how much that was */
  append(chunk: Uint8Array): Promise<number>;
  /** The SHA-256 of what was filled in; called once, then nothing is appended any more. */
  digest(): Buffer;
  /** What was filled in, for one attempt to send it. */
  body(): Uint8Array | Readable;
  release(): Promise<void>;
}

/** Memory that parts of one size share. */
interface Slab {
  memory: Buffer;
  partBytes: number;
  /** Where in it a part can be. */
  freeOffsets: number[];
  parts: number;
}

/**
 * Gives parts of memory, and uses that of those that were released again, also when parts grow: what a smaller one had would stay
 * for as long as V8 does not collect it.
 */
export class MemoryParts {
  readonly #slabBytes: number;
  readonly #slabs: Slab[] = [];

  /** @param mostBytes the largest that a part becomes */
  constructor(mostBytes: number) {
    this.#slabBytes = mostBytes;
  }

  take(sizeBytes: number): PartBuffer {
    const slab = this.#slabFor(sizeBytes);
    const offset = slab.freeOffsets.pop()!;
    slab.parts += 1;
    const buffer = slab.memory.subarray(offset, offset + sizeBytes);
    const hash = createHash("sha256");
    let filledBytes = 0;
    return {
      get filledBytes() {
        return filledBytes;
      },
      async append(chunk) {
        const taken = chunk.subarray(0, sizeBytes - filledBytes);
        buffer.set(taken, filledBytes);
        hash.update(taken);
        filledBytes += taken.length;
        return taken.length;
      },
      digest: () => hash.digest(),
      body: () => buffer.subarray(0, filledBytes),
      async release() {
        slab.parts -= 1;
        slab.freeOffsets.push(offset);
      },
    };
  }

  /** One with room for a part of that size. */
  #slabFor(sizeBytes: number): Slab {
    let slab = this.#slabs.find(({ partBytes, freeOffsets }) => partBytes === sizeBytes && freeOffsets.length > 0);
    if (slab !== undefined) return slab;
    slab = this.#slabs.find(({ parts }) => parts === 0);
    if (slab === undefined) {
      slab = { memory: Buffer.allocUnsafeSlow(this.#slabBytes), partBytes: 0, freeOffsets: [], parts: 0 };
      this.#slabs.push(slab);
    }
    slab.partBytes = sizeBytes;
    slab.freeOffsets = [];
    for (let at = 0; at + sizeBytes <= this.#slabBytes; at += sizeBytes) slab.freeOffsets.push(at);
    return slab;
  }
}

const readBytes = 1024 * 1024;

/**
 * A part in a private file (mode 0600) that has no name any more, and vanishes with the process.
 * @throws AppError no-space, target-not-writable, write-failed
 */
export async function openFilePart(folder: string, sizeBytes: number, pid: number): Promise<PartBuffer> {
  const path = join(folder, `.ngwbackup-part-${pid}-${randomBytes(8).toString("hex")}`);
  let file: FileHandle;
  try {
    file = await open(path, "wx+", 0o600);
    await unlink(path);
  } catch (error) {
    throw createError(error, path);
  }
  const hash = createHash("sha256");
  let filledBytes = 0;
  return {
    get filledBytes() {
      return filledBytes;
    },
    async append(chunk) {
      const taken = chunk.subarray(0, sizeBytes - filledBytes);
      for (let done = 0; done < taken.length;) {
        try {
          done += (await file.write(taken, done, taken.length - done, filledBytes + done)).bytesWritten;
        } catch (error) {
          throw writeError(error, { path, neededBytes: taken.length - done, writtenBytes: filledBytes + done });
        }
      }
      hash.update(taken);
      filledBytes += taken.length;
      return taken.length;
    },
    digest: () => hash.digest(),
    // Not the file's own stream, which would close the file with it, or keep it from being closed.
    body: () => Readable.from(readAll(file, path, filledBytes), { objectMode: false, highWaterMark: readBytes }),
    release: () => closeRead(file),
  };
}

async function* readAll(file: FileHandle, path: string, sizeBytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < sizeBytes;) {
    const chunk = Buffer.allocUnsafeSlow(Math.min(readBytes, sizeBytes - at));
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at).catch((cause: unknown) => {
      throw new AppError("read-failed", `cannot read ${path} at offset ${at}: ${messageOf(cause)}`, { cause });
    });
    if (bytesRead === 0) throw new AppError("read-failed", `${path} shrank while it was read`);
    at += bytesRead;
    yield chunk.subarray(0, bytesRead);
  }
}
