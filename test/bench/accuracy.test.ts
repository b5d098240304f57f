import { expect, test } from "vitest";
import { judgeProgress } from "../../bench/progress/accuracy.ts";
import type { HeardLine } from "../../bench/progress/listen.ts";

function line(atMs: number, changes: Partial<HeardLine>): HeardLine {
  return { atMs, stage: "rows", doneBytes: 0, bytesPerSecond: undefined, runLeftMs: undefined, ...changes };
}

test("the first tenth does not count; the end that is claimed is compared with the real one", () => {
  const lines = [
    line(900, { runLeftMs: 99_000 }),
    line(1000, { runLeftMs: 9000 }),
    line(5000, { runLeftMs: 6000 }),
    line(9500, { runLeftMs: 1000 }),
    line(9900, { runLeftMs: 3100 }),
  ];
  const { timeLeft, timeLeftToLeft, durationMs } = judgeProgress([{ lines, durationMs: 10_000 }]);
  expect(durationMs).toBe(10_000);
  expect(timeLeft).toEqual({ claims: 4, median: expect.closeTo(0.075) as number, worst: 0.3, goodShare: 0.75 });
  expect(timeLeftToLeft).toMatchObject({ median: 0.6, worst: 30 });
});

test("a line that claims no time left is wrong by all of it", () => {
  const lines = [line(5000, {}), line(9000, { runLeftMs: 1000 })];
  expect(judgeProgress([{ lines, durationMs: 10_000 }]).timeLeft).toEqual({
    claims: 2,
    median: 0.5,
    worst: 1,
    goodShare: 0.5,
  });
});

test("a rate is compared with the bytes of the seconds before, of the same stage", () => {
  const lines = [
    line(2000, { doneBytes: 900_000 }),
    line(10_000, { stage: "blobs", doneBytes: 0 }),
    // Too early to tell.
    line(10_250, { stage: "blobs", doneBytes: 1_000_000, bytesPerSecond: 1 }),
    line(12_000, { stage: "blobs", doneBytes: 20_000, bytesPerSecond: 11_000 }),
    // 50,000 bytes in the last five seconds.
    line(17_000, { stage: "blobs", doneBytes: 70_000, bytesPerSecond: 8000 }),
    // None: nothing to compare with.
    line(22_000, { stage: "blobs", doneBytes: 70_000, bytesPerSecond: 5000 }),
  ];
  const { rate } = judgeProgress([{ lines, durationMs: 20_000 }]);
  expect(rate.claims).toBe(2);
  expect(rate.median).toBeCloseTo(0.15);
  expect(rate.worst).toBeCloseTo(0.2);
  expect(rate.goodShare).toBe(0.5);
});

test("lines of all rounds count, and the duration is their median", () => {
  const round = (durationMs: number, runLeftMs: number) => ({ lines: [line(1000, { runLeftMs })], durationMs });
  const { durationMs, timeLeft } = judgeProgress([round(2000, 1000), round(4000, 3800), round(3000, 2000)]);
  expect(durationMs).toBe(3000);
  expect(timeLeft).toMatchObject({ claims: 3, median: 0, worst: 0.2 });
});
