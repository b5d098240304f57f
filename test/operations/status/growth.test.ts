import { describe, expect, test } from "vitest";
import { growthOf } from "../../../src/operations/status/growth.ts";

const dayMs = 24 * 60 * 60 * 1000;
const now = Date.UTC(2026, 6, 21);
const at = (daysAgo: number, freeBytes: number): { at: number; freeBytes: number } => ({
  at: now - daysAgo * dayMs,
  freeBytes,
});

describe("the trend of the room", () => {
  test("tells the day when it is full", () => {
    const growth = growthOf([at(3, 400), at(2, 300), at(1, 200)], at(0, 100));
    expect(growth?.bytesPerDay).toBeCloseTo(100);
    expect(growth?.fullAt).toBeCloseTo(now + dayMs);
  });

  test("is that of all that was seen, not of the last two moments", () => {
    const seen = Array.from({ length: 20 }, (_, index) => at(20 - index, 10_000 - index * 100 + (index % 2) * 50));
    const growth = growthOf(seen, at(0, 8_000));
    expect(growth?.bytesPerDay).toBeGreaterThan(90);
    expect(growth?.bytesPerDay).toBeLessThan(110);
  });

  test("keeps exact with terabytes and milliseconds", () => {
    const tera = 1024 ** 4;
    const growth = growthOf([at(10, 10 * tera + 1000), at(5, 10 * tera + 500)], at(0, 10 * tera));
    expect(growth?.bytesPerDay).toBeCloseTo(100, 0);
    // Not in a lifetime.
    expect(growth?.fullAt).toBeUndefined();
  });

  test("has no day when the room stays or grows", () => {
    expect(growthOf([at(4, 100), at(2, 100)], at(0, 100))).toEqual({
      bytesPerDay: expect.closeTo(0),
      fullAt: undefined,
    });
    expect(growthOf([at(4, 100), at(2, 200)], at(0, 300))).toEqual({
      bytesPerDay: expect.closeTo(-50),
      fullAt: undefined,
    });
  });

  test("is not told by too little", () => {
    expect(growthOf([], at(0, 100))).toBeUndefined();
    expect(growthOf([at(30, 500)], at(0, 100))).toBeUndefined();
    expect(growthOf([at(1.9, 300), at(1, 200)], at(0, 100))).toBeUndefined();
    expect(growthOf([at(0, 300), at(0, 200)], at(0, 100))).toBeUndefined();
  });
});
