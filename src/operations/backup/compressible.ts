import { constants, zstdCompressSync } from "node:zlib";

/** A sample that does not shrink below this share is not worth compressing. */
const worthwhileRatio = 0.9;
const sampleBytes = 64 * 1024;
const smallestBytes = 128;

/**
 * Whether a blob is worth compressing, by a sample from the middle of its first block, which says more than its head,
 * often a header alone. Takes some tenths of a millisecond.
 */
export function isCompressible(block: Uint8Array): boolean {
  if (block.length < smallestBytes) return false;
  const start = Math.max(0, Math.floor((block.length - sampleBytes) / 2));
  const sample = block.subarray(start, start + sampleBytes);
  const params = { [constants.ZSTD_c_compressionLevel]: 1 };
  // Room for no more than it needs: thousands of small blobs would bring a garbage collector of their own into play.
  const chunkSize = sample.length + 1024;
  return (
    zstdCompressSync(sample, { chunkSize, pledgedSrcSize: sample.length, params }).length <
    sample.length * worthwhileRatio
  );
}
