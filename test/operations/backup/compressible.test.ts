import { expect, test } from "vitest";
import { madeUpBytes } from "../../../src/demo/made-up-bytes.ts";
import { isCompressible } from "../../../src/operations/backup/compressible.ts";

function bytes(sizeBytes: number, compressible: boolean): Buffer {
  return Buffer.concat([...madeUpBytes("sample", String(sizeBytes), sizeBytes, compressible)]);
}

test.each([300, 1000, 5000, 64 * 1024, 64 * 1024 + 1, 1024 * 1024])(
  "noise of %i bytes is not worth it, terrain is",
  (size) => {
    expect(isCompressible(bytes(size, false))).toBe(false);
    expect(isCompressible(bytes(size, true))).toBe(true);
  },
);

test("what is tiny is never worth it", () => {
  expect(isCompressible(Buffer.alloc(255))).toBe(false);
  expect(isCompressible(Buffer.alloc(256))).toBe(true);
});

test("the middle counts, not a header", () => {
  const header = Buffer.alloc(200_000);
  const noise = bytes(800_000, false);
  expect(isCompressible(Buffer.concat([header, noise]))).toBe(false);
  expect(isCompressible(Buffer.concat([noise.subarray(0, 200_000), Buffer.alloc(800_000)]))).toBe(true);
});
