import { expect, test } from "vitest";
import { joinTraces, type MeasuredStage, predictJob, predictStage } from "../../bench/model/predict.ts";
import type { StageCost } from "../../bench/model/trace-stages.ts";

function cost(changes: Partial<StageCost>): StageCost {
  return { stage: "rows", wallMs: 0, mainCpuMs: 0, threadsCpuMs: 0, programsCpuMs: 0, serverCpuMs: 0, ...changes };
}

function stage(two: Partial<StageCost>, oneWallMs: number): MeasuredStage {
  const measured = cost(two);
  return { stage: measured.stage, one: { ...measured, wallMs: oneWallMs }, two: measured };
}

test("work on all cores shrinks with them until the connections are all in use", () => {
  const measured = stage({ serverCpuMs: 8000, threadsCpuMs: 2000, wallMs: 5000 }, 10_000);
  expect(predictStage(measured, 1)).toMatchObject({ wallMs: 10_000, limit: "cores" });
  expect(predictStage(measured, 4)).toMatchObject({ wallMs: 2500, limit: "cores" });
  expect(predictStage(measured, 64)).toMatchObject({ wallMs: 1000, limit: "connections" });
});

test("the main thread is one", () => {
  const measured = stage({ mainCpuMs: 3000, threadsCpuMs: 6000, wallMs: 4500 }, 9000);
  expect(predictStage(measured, 2)).toMatchObject({ wallMs: 4500, limit: "cores" });
  expect(predictStage(measured, 16)).toMatchObject({ wallMs: 3000, limit: "main thread" });
});

test("what two cores do not speed up, more do not either", () => {
  const measured = stage({ stage: "finish", threadsCpuMs: 1000, wallMs: 2500 }, 3000);
  expect(predictStage(measured, 1)).toMatchObject({ wallMs: 3000, limit: "serial" });
  expect(predictStage(measured, 2)).toMatchObject({ wallMs: 2500, limit: "serial" });
  expect(predictStage(measured, 64).wallMs).toBeCloseTo(2000 + 1000 / 64);
  expect(predictStage(stage({ serverCpuMs: 500, wallMs: 540 }, 520), 64)).toMatchObject({
    wallMs: 530,
    limit: "serial",
  });
});

test("a job is the sum of its stages and names the longest", () => {
  const rows = stage({ serverCpuMs: 9000, wallMs: 4500 }, 9000);
  const blobs = stage({ stage: "blobs", threadsCpuMs: 8000, wallMs: 4000 }, 8000);
  expect(predictJob([rows, blobs], 2)).toMatchObject({ wallMs: 8500, longest: { stage: "rows" } });
  // Eight connections, four threads.
  expect(predictJob([rows, blobs], 64)).toMatchObject({ wallMs: 3125, longest: { stage: "blobs", limit: "threads" } });
});

test("traces are joined by the median of each stage", () => {
  const rounds = (...wallMs: number[]): StageCost[][] => wallMs.map((ms) => [cost({ wallMs: ms })]);
  const [joined, ...others] = joinTraces(rounds(10, 90, 20), rounds(7, 5, 6));
  expect(others).toEqual([]);
  expect([joined?.stage, joined?.one.wallMs, joined?.two.wallMs]).toEqual(["rows", 20, 6]);
  expect(joinTraces(rounds(1), [[cost({}), cost({ stage: "only here" })]]).map((one) => one.stage)).toEqual(["rows"]);
});
