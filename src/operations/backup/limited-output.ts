import type { RateLimit } from "../../rate-limit.ts";
import type { BlobRun } from "./blob-runs.ts";
import type { HeldBlock, PieceOutput } from "./ordered-pieces.ts";

/**
 * The output of a run's reader, where a block waits its turn before it is read.
 * A run counts as its rows say it is: its last block, or one of small blobs, may hold less than the memory it takes. What a
 * file has grown beyond its row, or has without a size in it, counts by the block.
 */
export function limitOutput<Block extends HeldBlock>(
  output: PieceOutput<Block>,
  { blobs }: BlobRun,
  limit: RateLimit | undefined,
): PieceOutput<Block> {
  if (limit === undefined) return output;
  let leftBytes = blobs.reduce((sum, { record }) => sum + Math.max(0, record.sizeBytes ?? 0), 0);
  return {
    async push(heldBytes, block) {
      const bytes = leftBytes > 0 ? Math.min(heldBytes, leftBytes) : heldBytes;
      leftBytes -= Math.min(bytes, leftBytes);
      await limit.take(bytes);
      await output.push(heldBytes, block);
    },
    whenHead: () => output.whenHead(),
  };
}
