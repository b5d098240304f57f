import { expect, test } from "vitest";
import type { PlannedStage, ProgressEvent } from "../src/progress.ts";
import { RunEstimate } from "../src/run-estimate.ts";

/** An estimate that is told a made-up run; `at` moves the clock. */
function madeUpRun(stages: readonly PlannedStage[]) {
  const estimate = new RunEstimate();
  let nowMs = 5000;
  const take = (event: ProgressEvent): void => estimate.take(event, nowMs);
  take({ type: "plan", stages });
  return {
    pass: (ms: number) => void (nowMs += ms),
    open: (stage: string) => take({ type: "stage", stage }),
    bytes: (stage: string, doneBytes: number) => take({ type: "progress", stage, doneBytes, totalBytes: 100 }),
    work: (stage: string, share: number) => take({ type: "work", stage, share }),
    tell: take,
    pause: () => estimate.pause(),
    left: () => estimate.leftMs(nowMs),
  };
}

const two = [
  { stage: "rows", expectedMs: 40_000 },
  { stage: "blobs", expectedMs: 60_000 },
];

/** Whether it is within so much of the whole run, 15 % when left out. */
function expectLeft(found: number | undefined, realMs: number, wholeMs: number, share = 0.15): void {
  expect(Math.abs((found ?? Number.NaN) - realMs) / wholeMs).toBeLessThanOrEqual(share);
}

test("before anything is done the plan is all that is known", () => {
  const run = madeUpRun(two);
  expect(run.left()).toBeUndefined();
  run.open("rows");
  expect(run.left()).toBe(100_000);
});

test.each([0.5, 1, 3, 10])("a machine that takes %d times as long as expected shows in the first tenth", (slowness) => {
  const run = madeUpRun(two);
  const whole = 100_000 * slowness;
  run.open("rows");
  for (let percent = 1; percent <= 100; percent += 1) {
    if (percent === 41) run.open("blobs");
    run.pass(whole / 100);
    if (percent <= 40) run.bytes("rows", percent / 0.4);
    else run.bytes("blobs", (percent - 40) / 0.6);
    if (percent > 10) expectLeft(run.left(), whole - (percent * whole) / 100, whole);
  }
  expect(run.left()).toBe(0);
});

test("a stage that is slower than the others is known by itself, and does not spoil what follows for good", () => {
  const run = madeUpRun(two);
  run.open("rows");
  run.pass(40_000);
  run.bytes("rows", 100);
  run.open("blobs");
  // Twice as long as expected: 120 s.
  for (let percent = 1; percent <= 100; percent += 1) {
    run.pass(1200);
    run.bytes("blobs", percent);
    if (percent > 40) expectLeft(run.left(), 120_000 - percent * 1200, 160_000, 0.05);
  }
});

test("work that moves no bytes counts where it is told, and bytes do not take it back", () => {
  const run = madeUpRun([{ stage: "rows and indexes", expectedMs: 100_000 }]);
  run.open("rows and indexes");
  run.pass(30_000);
  run.work("rows and indexes", 0.3);
  run.bytes("rows and indexes", 100);
  expectLeft(run.left(), 70_000, 100_000, 0.01);
});

test("a stage beside the one that is shown counts before it is opened", () => {
  const run = madeUpRun([
    { stage: "rows", expectedMs: 50_000 },
    { stage: "files", expectedMs: 50_000 },
    { stage: "switch", expectedMs: 1000 },
  ]);
  run.open("rows");
  for (let percent = 1; percent <= 50; percent += 1) {
    run.pass(1000);
    run.bytes("rows", percent);
    run.work("files", percent / 100);
  }
  expectLeft(run.left(), 51_000, 101_000, 0.01);
  run.pass(50_000);
  run.work("files", 1);
  run.bytes("rows", 100);
  run.open("files");
  run.bytes("files", 100);
  run.open("switch");
  expectLeft(run.left(), 1000, 101_000, 0.01);
});

test("a stage that says nothing is counted down to what comes after it, and no further", () => {
  const run = madeUpRun([
    { stage: "snapshot", expectedMs: 10_000 },
    { stage: "rows", expectedMs: 90_000 },
  ]);
  run.open("snapshot");
  run.pass(4000);
  expect(run.left()).toBe(96_000);
  run.pass(60_000);
  expect(run.left()).toBe(90_000);
});

test("stages that are left out are done, and one that nobody planned belongs to the one before", () => {
  const run = madeUpRun([
    { stage: "new database", expectedMs: 1000 },
    { stage: "schema", expectedMs: 1000 },
    { stage: "switch", expectedMs: 10_000 },
  ]);
  run.open("schema");
  expect(run.left()).toBe(11_000);
  run.pass(1000);
  run.open("switch");
  run.pass(2000);
  const before = run.left();
  run.open("rows");
  run.bytes("rows", 50);
  expect(run.left()).toBeCloseTo(before ?? Number.NaN, 3);
});

test("while somebody is asked a question no time passes", () => {
  const run = madeUpRun(two);
  run.open("rows");
  run.pass(40_000);
  run.bytes("rows", 100);
  run.pause();
  expect(run.left()).toBeUndefined();
  run.pass(3_600_000);
  run.open("blobs");
  expectLeft(run.left(), 60_000, 100_000, 0.01);
});

test("a second plan goes on from what is done", () => {
  const run = madeUpRun([{ stage: "verify", expectedMs: 10_000 }]);
  run.open("verify");
  run.pass(30_000);
  run.bytes("verify", 100);
  run.tell({ type: "plan", stages: [{ stage: "verify", expectedMs: 20_000 }] });
  expect(run.left()).toBeUndefined();
  run.open("verify");
  expectLeft(run.left(), 60_000, 90_000, 0.05);
});

test("a run without a plan, and a stage before it, are not guessed at", () => {
  const estimate = new RunEstimate();
  estimate.take({ type: "stage", stage: "spool" }, 0);
  estimate.take({ type: "progress", stage: "spool", doneBytes: 5, totalBytes: 10 }, 1000);
  expect(estimate.leftMs(1000)).toBeUndefined();
  estimate.take({ type: "plan", stages: [{ stage: "verify", expectedMs: 7000 }] }, 60_000);
  estimate.take({ type: "stage", stage: "verify" }, 60_000);
  expect(estimate.leftMs(60_000)).toBe(7000);
});
