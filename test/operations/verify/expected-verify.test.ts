import { expect, test } from "vitest";
import { expectVerify, workOfBytes } from "../../../src/operations/verify/expected-verify.ts";

function check(contentBytes: number, codec: "zstd" | "none" = "none", decode = true) {
  return { entry: { contentBytes }, listed: undefined, codec, decode };
}

test("what is decompressed takes longer than what is stored, unless it is not decompressed", () => {
  const expected = (...checks: ReturnType<typeof check>[]): number => expectVerify(checks).expectedMs;
  expect(expected(check(1e9, "zstd"))).toBeGreaterThan(2 * expected(check(1e9)));
  expect(expected(check(1e9, "zstd", false))).toBe(expected(check(1e9)));
  expect(expectVerify([]).stage).toBe("verify");
});

test("bytes of tables are more work than bytes of files, and all bytes are all work", () => {
  const share = workOfBytes([check(1e9, "zstd"), check(0), check(1e9), check(0)]);
  expect(share(0)).toBe(0);
  const [quarter, half, threeQuarters] = [share(0.5e9), share(1e9), share(1.5e9)];
  expect(half).toBeGreaterThan(0.6);
  expect(quarter).toBeGreaterThan(half / 2);
  expect(threeQuarters).toBeCloseTo((half + 1) / 2, 2);
  expect(share(2e9)).toBe(1);
});
