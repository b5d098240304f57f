import fc from "fast-check";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { type HeldBlock, runOrderedPieces } from "../../../src/operations/backup/ordered-pieces.ts";

interface Piece {
  index: number;
  blocks: number[];
  delayMs: number;
}

const pieceList = fc.array(
  fc.record({
    blocks: fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 6 }),
    delayMs: fc.integer({ min: 0, max: 2 }),
  }),
  { maxLength: 30 },
);

/** Runs pieces and tells what came out, and how many bytes were held at most. */
async function run(
  pieces: Piece[],
  options: { workers: number; limitBytes: number; failAt?: number; failWriteAt?: number },
) {
  const written: number[][] = [];
  let held = 0;
  let heldMost = 0;
  await runOrderedPieces<Piece, HeldBlock>({
    pieces,
    workers: options.workers,
    limitBytes: options.limitBytes,
    async read(piece, output) {
      for (const size of piece.blocks) {
        await sleep(piece.delayMs);
        if (piece.index === options.failAt) throw new Error(`read ${piece.index}`);
        await output.push(size, async () => {
          held += size;
          heldMost = Math.max(heldMost, held);
          await sleep(piece.delayMs);
          return { heldBytes: size };
        });
      }
    },
    async write(piece, blocks) {
      const sizes: number[] = [];
      for await (const block of blocks) {
        if (piece.index === options.failWriteAt) throw new Error(`write ${piece.index}`);
        sizes.push(block.heldBytes);
        held -= block.heldBytes;
      }
      written.push([piece.index, ...sizes]);
    },
  });
  return { written, heldMost };
}

describe("ordered pieces", () => {
  test("come out whole and in order, whatever the workers' speed and the limit, in bounded memory", async () => {
    await fc.assert(
      fc.asyncProperty(
        pieceList,
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 1000 }),
        async (list, workers, limitBytes) => {
          const pieces = list.map((piece, index) => ({ ...piece, index }));
          const { written, heldMost } = await run(pieces, { workers, limitBytes });
          expect(written).toEqual(pieces.map((piece) => [piece.index, ...piece.blocks]));
          const largest = Math.max(0, ...pieces.flatMap((piece) => piece.blocks));
          expect(heldMost).toBeLessThanOrEqual(limitBytes * 1.5 + 2 * largest);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("an error of any reader or of the writer ends everything and is the one that is thrown", async () => {
    const pieces = Array.from({ length: 20 }, (_, index) => ({ index, blocks: [50, 50], delayMs: 1 }));
    for (const at of [0, 7, 19]) {
      await expect(run(pieces, { workers: 3, limitBytes: 200, failAt: at })).rejects.toThrow(`read ${at}`);
      await expect(run(pieces, { workers: 3, limitBytes: 200, failWriteAt: at })).rejects.toThrow(`write ${at}`);
    }
  });

  test("an error of the list of pieces is thrown", async () => {
    async function* pieces(): AsyncGenerator<Piece> {
      yield { index: 0, blocks: [1], delayMs: 0 };
      await sleep(1);
      throw new Error("list broke");
    }
    await expect(
      runOrderedPieces<Piece, HeldBlock>({
        pieces: pieces(),
        workers: 2,
        limitBytes: 10,
        read: () => Promise.resolve(),
        async write(_piece, blocks) {
          for await (const block of blocks) void block;
        },
      }),
    ).rejects.toThrow("list broke");
  });

  test("that share what one alone may use take it in the writer's order, so that none waits for one behind it", async () => {
    let inUse: number | undefined;
    const written: number[] = [];
    await runOrderedPieces<number, HeldBlock>({
      pieces: [0, 1, 2, 3],
      workers: 4,
      limitBytes: 100,
      async read(index, output) {
        // The last one asks first.
        await sleep((4 - index) * 5);
        await output.whenHead();
        expect(inUse).toBeUndefined();
        inUse = index;
        // Far more than may be in flight: who is not at the head would wait for ever.
        for (let block = 0; block < 10; block += 1) await output.push(60, async () => ({ heldBytes: 60 }));
        inUse = undefined;
      },
      async write(index, blocks) {
        for await (const { heldBytes } of blocks) expect(heldBytes).toBe(60);
        written.push(index);
      },
    });
    expect(written).toEqual([0, 1, 2, 3]);
  });

  test("that wait for their turn end with the first failure", async () => {
    const running = runOrderedPieces<number, HeldBlock>({
      pieces: [0, 1, 2],
      workers: 3,
      limitBytes: 100,
      async read(index, output) {
        if (index === 0) {
          await sleep(10);
          throw new Error("the head failed");
        }
        await output.whenHead();
      },
      async write(_index, blocks) {
        for await (const block of blocks) expect(block).toBeUndefined();
      },
    });
    await expect(running).rejects.toThrow("the head failed");
  });
});
