const mib = 1024 * 1024;
const gib = 1024 * mib;

/** How the parts of an upload grow. */
export interface PartPlan {
  /** One after another: so many parts of that size. The last one's size is that of all that follow. */
  steps: readonly { parts: number; sizeBytes: number }[];
  /** Parts up to this size are kept in memory until the server has them, larger ones in files without a name. */
  memoryBytes: number;
  /** Most bytes in memory, that of the part that is being filled included. */
  budgetBytes: number;
}

/** Most parts that S3 takes; each but the last has at least 5 MiB, and none more than 5 GiB. */
export const mostParts = 10_000;

/**
 * Small at first, so that little is held in memory and sending begins early; and early enough large that 10,000 parts hold 50 TB,
 * for which nine of ten must be as large as S3 takes them. Memory: 80 MiB at most, for up to eight on their way at once. From 8 GiB
 * of archive on, parts stand in files: of 128 MiB then, of 1 GiB from 34 GiB, of 5 GiB from 124 GiB on, three of them at once.
 */
export const usualParts: PartPlan = {
  steps: [
    { parts: 96, sizeBytes: 8 * mib },
    { parts: 464, sizeBytes: 16 * mib },
    { parts: 30, sizeBytes: 128 * mib },
    { parts: 30, sizeBytes: 256 * mib },
    { parts: 30, sizeBytes: 512 * mib },
    { parts: 30, sizeBytes: gib },
    { parts: 30, sizeBytes: 2 * gib },
    { parts: mostParts, sizeBytes: 5 * gib },
  ],
  memoryBytes: 16 * mib,
  budgetBytes: 80 * mib,
};

/** Size of a part. @param number from 1 */
export function partSizeBytes({ steps }: PartPlan, number: number): number {
  let before = 0;
  let sizeBytes = 0;
  for (const step of steps) {
    ({ sizeBytes } = step);
    before += step.parts;
    if (number <= before) break;
  }
  return sizeBytes;
}

/** How many parts of a size may be on their way while the next is filled. */
export function partsAtOnce({ memoryBytes, budgetBytes }: PartPlan, sizeBytes: number): number {
  // Files hold no memory; what more of them at once would cost is space.
  if (sizeBytes > memoryBytes) return 2;
  return Math.max(1, Math.min(8, Math.floor(budgetBytes / sizeBytes) - 1));
}
