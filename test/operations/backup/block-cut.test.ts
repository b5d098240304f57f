import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { endsBlock } from "../../../src/operations/backup/block-cut.ts";
import { blockBytes } from "../../../src/operations/backup/block-size.ts";

/** Cuts rows as they come from COPY. */
function cut(rows: readonly Buffer[]): Buffer[] {
  const blocks: Buffer[] = [];
  let block = Buffer.alloc(blockBytes);
  let used = 0;
  let start = 0;
  const flush = (): void => {
    if (used > 0) blocks.push(Buffer.from(block.subarray(0, used)));
    used = 0;
  };
  for (const row of rows) {
    if (used + row.length > block.length || (used > 0 && endsBlock(block, start, used))) flush();
    if (row.length > block.length) block = Buffer.alloc(row.length);
    start = used;
    row.copy(block, used);
    used += row.length;
  }
  flush();
  return blocks;
}

/** Rows like those of a layer: a key, a text, a geometry. */
function makeRows(seed: number, count: number, lengthBytes: number): Buffer[] {
  return Array.from({ length: count }, (_, index) => {
    const bytes = createHash("md5").update(`${seed} ${index}`).digest("hex");
    return Buffer.from(`${index * 10}\tname\t${bytes.repeat(Math.ceil(lengthBytes / 32))}\n`);
  });
}

const changes: Record<string, (rows: Buffer[], at: number) => void> = {
  added: (rows, at) => void rows.splice(at, 0, Buffer.from("5\tin between\n")),
  removed: (rows, at) => void rows.splice(at, 3),
  changed: (rows, at) => void (rows[at] = Buffer.from(`${String(rows[at]).slice(0, -9)}other\n`)),
};

describe("blocks of rows", () => {
  test.each(Object.entries(changes))("stay as they are but for a few when a row is %s", (_how, change) => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(100, 700, 5000), fc.nat(), (seed, lengthBytes, place) => {
        const rows = makeRows(seed, Math.ceil(12_000_000 / lengthBytes), lengthBytes);
        const before = cut(rows);
        const sizes = before.map(({ length }) => length);
        expect(Math.max(...sizes)).toBeLessThanOrEqual(blockBytes);
        expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThanOrEqual(blockBytes / 4);
        expect(Buffer.concat(before).equals(Buffer.concat(rows))).toBe(true);
        change(rows, place % rows.length);
        const known = new Set(before.map((block) => createHash("md5").update(block).digest("hex")));
        const other = cut(rows).filter((block) => !known.has(createHash("md5").update(block).digest("hex")));
        expect(other.length).toBeGreaterThan(0);
        expect(other.length).toBeLessThanOrEqual(6);
      }),
      { numRuns: 5 },
    );
  });

  test("are full where all rows look alike, and a row that is longer than a block has one of its own", () => {
    const alike = Array.from({ length: 60_000 }, () => Buffer.from(`${"the same ".repeat(11)}\n`));
    const sizes = cut(alike).map(({ length }) => length);
    expect(new Set(sizes.slice(0, -1)).size).toBe(1);
    const long = [Buffer.from("1\n"), Buffer.alloc(blockBytes + 5, "x"), Buffer.from("2\n")];
    expect(cut(long).map(({ length }) => length)).toEqual([2, blockBytes + 5, 2]);
  });
});
