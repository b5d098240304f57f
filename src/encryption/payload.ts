import { DamagedError } from "../errors.ts";
import { chunkBytes, chunkCount, sealedChunkBytes, tagBytes } from "./age-format.ts";
import { openChunk } from "./chunk-cipher.ts";

/** The payload of an opened file. */
export interface Payload {
  /** Path or URL for messages. */
  label: string;
  /** Where the first chunk begins in the file. */
  offsetBytes: number;
  plainBytes: number;
  key: Uint8Array;
  /** The file's end is gone, so that no chunk is its last. */
  isCut?: boolean;
}

/** Chunks that stand next to each other, and where they are in the file. */
export interface ChunkRange {
  first: number;
  offsetBytes: number;
  lengthBytes: number;
}

/** The chunks from one to another, both included. */
export function chunkRange(payload: Payload, first: number, last: number): ChunkRange {
  const isLast = last === chunkCount(payload.plainBytes) - 1;
  const end = isLast ? payload.plainBytes + (last + 1) * tagBytes : (last + 1) * sealedChunkBytes;
  const start = first * sealedChunkBytes;
  return { first, offsetBytes: payload.offsetBytes + start, lengthBytes: end - start };
}

/**
 * Opens a chunk of a payload.
 * @param sealed the chunk as it stands in the file
 * @throws DamagedError chunk-damaged with number and offset
 */
export function openPayloadChunk(payload: Payload, index: number, sealed: Uint8Array): Buffer {
  const last = chunkCount(payload.plainBytes) - 1;
  const plain = openChunk(payload.key, index, index === last && payload.isCut !== true, sealed);
  if (plain !== undefined) return plain;
  const place = `chunk ${index} at offset ${payload.offsetBytes + index * sealedChunkBytes}`;
  const expected =
    index === last ? "the last chunk, as it was encrypted" : `chunk ${index} of ${last + 1}, as it was encrypted`;
  throw new DamagedError(
    "chunk-damaged",
    `${payload.label}: ${place} is damaged: expected ${expected}, found other bytes`,
  );
}

/**
 * Opens chunks one after the other.
 * @param sealed bytes of the whole range
 */
export function* openChunks(
  payload: Payload,
  range: ChunkRange,
  sealed: Uint8Array,
): Generator<{ index: number; offsetBytes: number; plain: Buffer }> {
  for (let done = 0, index = range.first; done < range.lengthBytes; index += 1) {
    const length = Math.min(sealedChunkBytes, range.lengthBytes - done);
    const plain = openPayloadChunk(payload, index, sealed.subarray(done, done + length));
    yield { index, offsetBytes: index * chunkBytes, plain };
    done += length;
  }
}

/** Copies what a chunk has of a range of plain bytes to where it belongs in it. */
export function copyOverlap(
  chunk: { offsetBytes: number; plain: Uint8Array },
  target: Uint8Array,
  targetOffsetBytes: number,
): void {
  const from = Math.max(targetOffsetBytes, chunk.offsetBytes);
  const to = Math.min(targetOffsetBytes + target.length, chunk.offsetBytes + chunk.plain.length);
  if (from >= to) return;
  const part = chunk.plain.subarray(from - chunk.offsetBytes, to - chunk.offsetBytes);
  target.set(part, from - targetOffsetBytes);
}
