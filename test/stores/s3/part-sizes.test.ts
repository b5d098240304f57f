import { expect, test } from "vitest";
import { mostParts, partsAtOnce, partSizeBytes, usualParts } from "../../../src/stores/s3/part-sizes.ts";

const mib = 1024 * 1024;

test("10,000 parts hold 50 TB, none of a size that S3 does not take, and memory is bounded", () => {
  let totalBytes = 0;
  for (let number = 1; number <= mostParts; number += 1) {
    const sizeBytes = partSizeBytes(usualParts, number);
    expect(sizeBytes).toBeGreaterThanOrEqual(Math.max(5 * mib, partSizeBytes(usualParts, number - 1)));
    expect(sizeBytes).toBeLessThanOrEqual(5 * 1024 * mib);
    const inMemory = sizeBytes <= usualParts.memoryBytes ? (partsAtOnce(usualParts, sizeBytes) + 1) * sizeBytes : 0;
    expect(inMemory).toBeLessThanOrEqual(usualParts.budgetBytes);
    totalBytes += sizeBytes;
  }
  expect(totalBytes).toBeGreaterThanOrEqual(50e12);
});

test("parts are small at first, and several are sent at once", () => {
  expect(partSizeBytes(usualParts, 1)).toBe(8 * mib);
  expect(partsAtOnce(usualParts, 8 * mib)).toBe(8);
  expect(partsAtOnce(usualParts, 16 * mib)).toBe(4);
  expect(partsAtOnce(usualParts, 1024 * mib)).toBe(2);
});
