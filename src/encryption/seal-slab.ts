import { chunkBytes, chunkCount, sealedChunkBytes, tagBytes } from "./age-format.ts";
import { sealChunk } from "./chunk-cipher.ts";
import type { SealAnswer, SealRequest } from "./seal-threads/messages.ts";

/** Chunks that are sealed with one message: enough to be worth it, a millisecond of work. */
export const slabChunks = 16;
export const slabBytes = slabChunks * sealedChunkBytes;

/** Where a plain byte of a slab stands in it, behind the tags of the chunks before. */
export function placeInSlab(plainOffsetBytes: number): number {
  return plainOffsetBytes + Math.floor(plainOffsetBytes / chunkBytes) * tagBytes;
}

/** Seals all chunks of a slab where they stand. */
export function sealSlab(key: Uint8Array, { slab, plainBytes, firstChunk, isLast }: SealRequest): SealAnswer {
  const bytes = Buffer.from(slab);
  const chunks = chunkCount(plainBytes);
  for (let index = 0; index < chunks; index += 1) {
    const start = index * sealedChunkBytes;
    const end = Math.min(start + sealedChunkBytes, plainBytes + (index + 1) * tagBytes);
    sealChunk(key, firstChunk + index, isLast && index === chunks - 1, bytes.subarray(start, end));
  }
  return { slab, sealedBytes: plainBytes + chunks * tagBytes };
}
