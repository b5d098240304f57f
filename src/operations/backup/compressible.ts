import { constants, zstdCompressSync } from "node:zlib";

/** A sample that does not shrink below this share is not worth compressing. */
const worthwhileRatio = 0.9;
const sampleBytes = 64 * 1024;
const smallestBytes = 256;
/**
 * Blobs of up to so many bytes are judged by their bytes' entropy: a compressor for each would cost ten times as much. What
 * repeats itself and yet has bytes of every kind is not seen that way, which is rare in so little.
 */
const smallBytes = 64 * 1024;
const entropySampleBytes = 1024;
const worthwhileBitsPerByte = 8 * worthwhileRatio;

/**
 * Whether a blob is worth compressing, by a sample from the middle of its first block, which says more than its head,
 * often a header alone. Takes some tenths of a millisecond, for a small blob some microseconds.
 */
export function isCompressible(block: Uint8Array): boolean {
  if (block.length < smallestBytes) return false;
  if (block.length <= smallBytes) return bitsPerByte(middle(block, entropySampleBytes)) < worthwhileBitsPerByte;
  const sample = middle(block, sampleBytes);
  const params = { [constants.ZSTD_c_compressionLevel]: 1 };
  const chunkSize = sample.length + 1024;
  return (
    zstdCompressSync(sample, { chunkSize, pledgedSrcSize: sample.length, params }).length <
    sample.length * worthwhileRatio
  );
}

function middle(block: Uint8Array, bytes: number): Uint8Array {
  const start = Math.max(0, Math.floor((block.length - bytes) / 2));
  return block.subarray(start, start + bytes);
}

const counts = new Uint32Array(256);
/** `n * log2(n)` of every count that a sample may have. */
const weights = Float64Array.from({ length: entropySampleBytes + 1 }, (_, count) => count * Math.log2(count || 1));

/**
 * Entropy of single bytes. A short sample holds too few of them, and what is missing is estimated as G. A. Miller does
 * ("Note on the bias of information estimates", 1955), so that a hundred random bytes do not look like text.
 */
function bitsPerByte(sample: Uint8Array): number {
  counts.fill(0);
  // Three times as fast as `for of`.
  // oxlint-disable-next-line unicorn/no-for-loop
  for (let index = 0; index < sample.length; index += 1) counts[sample[index]!]! += 1;
  let sum = 0;
  let distinct = 0;
  for (let value = 0; value < 256; value += 1) {
    const count = counts[value]!;
    if (count > 0) distinct += 1;
    sum += weights[count]!;
  }
  return Math.log2(sample.length) - sum / sample.length + (distinct - 1) / (2 * sample.length * Math.LN2);
}
