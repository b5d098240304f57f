import { blockBytes } from "./block-size.ts";

/** No block ends before, unless its rows do. */
const leastBytes = blockBytes / 4;
/** What comes on the average before one ends. */
const meanBytes = (blockBytes * 3) / 8;
/** Bytes of a row's head and of its tail that are looked at; they hold a key, or values that differ from row to row. */
const lookedAtBytes = 16;

/**
 * Whether a block of rows ends behind its last one: decided by that row alone (and by how full the block is), so that after a row
 * that was added, changed or removed blocks soon end at the same places again, and can be found in an earlier archive. What is
 * looked at is a few bytes of the row; where all rows look alike by those, blocks end when they are full.
 * @param start of the row in the block, which goes up to `end`
 */
export function endsBlock(block: Buffer, start: number, end: number): boolean {
  if (end < leastBytes) return false;
  const length = end - start;
  let hash = length;
  const headEnd = Math.min(end, start + lookedAtBytes);
  for (let at = start; at < headEnd; at += 1) hash = Math.imul(hash ^ block[at]!, 0x01000193);
  for (let at = Math.max(headEnd, end - lookedAtBytes); at < end; at += 1)
    hash = Math.imul(hash ^ block[at]!, 0x01000193);
  // The last bytes would hardly reach the upper bits otherwise (the finaliser of MurmurHash3).
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  // The longer a row, the more likely, so that blocks have the same size whatever rows have.
  return ((hash ^ (hash >>> 16)) >>> 0) * meanBytes < length * 2 ** 32;
}
