import { describe, expect, test } from "vitest";
import { blockBytes } from "../../../src/operations/backup/block-size.ts";
import { limitOutput } from "../../../src/operations/backup/limited-output.ts";
import type { HeldBlock, PieceOutput } from "../../../src/operations/backup/ordered-pieces.ts";
import type { RateLimit } from "../../../src/rate-limit.ts";

/** Pushes blocks and tells what was taken of the limit, and that each was taken before its block was asked for. */
async function taken(sizes: readonly (number | null)[], pushes: readonly number[]): Promise<number[]> {
  const order: (string | number)[] = [];
  const limit = { take: async (bytes: number) => void order.push(bytes) } as unknown as RateLimit;
  const output: PieceOutput<HeldBlock> = { push: async () => void order.push("pushed"), whenHead: async () => {} };
  const blobs = sizes.map((sizeBytes, index) => ({
    record: { component: "test", uuid: `${index}`, sizeBytes },
    source: undefined,
    earlier: undefined,
  }));
  const limited = limitOutput(output, { blobs, isLarge: false }, limit);
  for (const heldBytes of pushes) await limited.push(heldBytes, () => Promise.resolve({ heldBytes }));
  expect(order.filter((_, index) => index % 2 === 1)).toEqual(pushes.map(() => "pushed"));
  return order.filter((entry) => typeof entry === "number");
}

describe("a run's output with a limit", () => {
  test.for<[what: string, sizes: (number | null)[], pushes: number[], bytes: number[]]>([
    ["small blobs count as they are", [10, 0, 500], [blockBytes], [510]],
    [
      "a large one by the block, its last by what is left",
      [2 * blockBytes + 7],
      [blockBytes, blockBytes, blockBytes, 0],
      [blockBytes, blockBytes, 7, 0],
    ],
    ["one without a size by the block", [null], [blockBytes, blockBytes, 0], [blockBytes, blockBytes, 0]],
    ["one that has grown by the block again", [10], [blockBytes, blockBytes, 0], [10, blockBytes, 0]],
    ["a size that makes no sense by the block", [-5], [blockBytes, 0], [blockBytes, 0]],
  ])("%s", async ([, sizes, pushes, bytes]) => {
    expect(await taken(sizes, pushes)).toEqual(bytes);
  });

  test("is the output itself without one", () => {
    const output: PieceOutput<HeldBlock> = { push: () => Promise.resolve(), whenHead: () => Promise.resolve() };
    expect(limitOutput(output, { blobs: [], isLarge: false }, undefined)).toBe(output);
  });
});
