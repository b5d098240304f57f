import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { md5OfSortedRows } from "../../src/demo/sorted-rows.ts";

const row = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes.map((byte) => (byte === 10 ? 9 : byte))));

test("rows in any order and in any blocks give the digest of the sorted rows", () => {
  fc.assert(
    fc.property(fc.array(row), fc.array(fc.nat({ max: 5 }), { minLength: 1 }), (rows, sizes) => {
      const blocks: Buffer[] = [];
      for (let index = 0, turn = 0; index < rows.length; turn += 1) {
        const size = 1 + (sizes[turn % sizes.length] as number);
        blocks.push(Buffer.concat(rows.slice(index, index + size).flatMap((bytes) => [bytes, Buffer.from("\n")])));
        index += size;
      }
      const sorted = rows.map((bytes) => bytes.toString("latin1")).toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
      const md5 = createHash("md5")
        .update(Buffer.from(sorted.join("\n"), "latin1"))
        .digest("hex");
      expect(md5OfSortedRows(blocks)).toEqual({ rows: rows.length, md5 });
    }),
  );
});

test("rows longer than the batch are digested whole", () => {
  const long = "x".repeat(3 * 1024 * 1024);
  const md5 = createHash("md5").update(`a\n${long}\nz`).digest("hex");
  expect(md5OfSortedRows([Buffer.from(`z\n${long}\n`), Buffer.from("a\n")])).toEqual({ rows: 3, md5 });
});
