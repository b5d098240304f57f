import { describe, expect, test } from "vitest";
import { findExponents, formatExponents } from "../../bench/report/exponents.ts";
import { formatGoals, isMet, judgeGoals } from "../../bench/report/goals.ts";
import { median, summarise, type Summary } from "../../bench/report/statistics.ts";
import { formatSummaries } from "../../bench/report/tables.ts";
import type { Run } from "../../bench/results.ts";

function run(changes: Partial<Run>): Run {
  return {
    workload: "reference",
    job: "backup",
    contestant: "ngwbackup",
    cores: undefined,
    coreCount: 2,
    round: 1,
    wallMs: 1000,
    userCpuMs: 500,
    systemCpuMs: 100,
    peakMemoryBytes: 100e6,
    diskReadBytes: 0,
    diskWrittenBytes: 50e6,
    readCallBytes: 0,
    writeCallBytes: 0,
    serverCpuMs: 300,
    serverDiskReadBytes: 0,
    serverDiskWrittenBytes: 0,
    archiveBytes: 50e6,
    ...changes,
  };
}

function summaries(...runs: Partial<Run>[]): Summary[] {
  return summarise({ runs: runs.map(run) });
}

describe("summary", () => {
  test("the median is the middle, or the mean of the two in the middle", () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([7])]).toEqual([2, 2.5, 7]);
  });

  test("leaves the warm-up out and keeps contestants, jobs and cores apart", () => {
    const found = summaries(
      { round: 0, wallMs: 90_000, peakMemoryBytes: 900e6 },
      { round: 1, wallMs: 3000, peakMemoryBytes: 120e6 },
      { contestant: "borg", wallMs: 8000 },
      { round: 2, wallMs: 1000, peakMemoryBytes: 110e6 },
      { round: 3, wallMs: 2000 },
      { cores: "0", coreCount: 1, wallMs: 5000 },
      { job: "verify", wallMs: 400, archiveBytes: undefined },
    );
    expect(found.map(({ contestant, job, cores, rounds, wallMs }) => [contestant, job, cores, rounds, wallMs])).toEqual(
      [
        ["ngwbackup", "backup", undefined, 3, 2000],
        ["borg", "backup", undefined, 1, 8000],
        ["ngwbackup", "backup", "0", 1, 5000],
        ["ngwbackup", "verify", undefined, 1, 400],
      ],
    );
    expect(found[0]).toMatchObject({ wallMinMs: 1000, wallMaxMs: 3000, peakMemoryBytes: 120e6, cpuMs: 600 });
    expect(found[3]?.archiveBytes).toBeUndefined();
  });

  test("the table shows the ratio to ours", () => {
    const text = formatSummaries(summaries({}, { contestant: "borg", wallMs: 2500 }), "ngwbackup");
    expect(text).toMatch(/^reference: backup \(median of 1\)\n/);
    expect(text).toMatch(/^ngwbackup +1\.00 +1\.00-1\.00 +1\.00 +0\.60 +0\.30 +100 /m);
    expect(text).toMatch(/^borg +2\.50 +2\.50-2\.50 +2\.50 /m);
  });
});

describe("goals", () => {
  const goal = (found: readonly Summary[], title: string) => judgeGoals(found).find((one) => one.goal === title);

  test("are met at their limit and not beyond it", () => {
    const found = summaries(
      { wallMs: 350 },
      { contestant: "nextgisweb-steps", wallMs: 1000 },
      { contestant: "floor", wallMs: 300 },
    );
    const toSteps = goal(found, "backup, to NextGIS Web's steps");
    const toFloor = goal(found, "backup, to the floor");
    expect([toSteps && isMet(toSteps), toFloor && isMet(toFloor)]).toEqual([true, false]);
    expect(formatGoals(judgeGoals(found))).toMatch(/^backup, to the floor +at most 1\.15 +1\.17 +not met$/m);
  });

  test("what did not run is neither met nor missed, and is not shown", () => {
    const found = judgeGoals(summaries({}));
    const restore = found.find((one) => one.goal === "restore side by side, to the floor");
    expect(restore && isMet(restore)).toBeUndefined();
    expect(formatGoals(found)).not.toContain("restore");
    expect(formatGoals(judgeGoals([]))).toBe("");
  });

  test("compare with the fastest other, the floor aside", () => {
    const found = summaries(
      { workload: "layers", wallMs: 1000 },
      { workload: "layers", contestant: "floor", wallMs: 100 },
      { workload: "layers", contestant: "restic", wallMs: 9000 },
      { workload: "layers", contestant: "borg", wallMs: 1900 },
    );
    expect(goal(found, "layers: backup of borg, to ngwbackup")).toMatchObject({
      bound: "at least",
      limit: 2,
      found: 1.9,
    });
  });

  test("are judged on the largest set of cores", () => {
    const found = summaries(
      { coreCount: 1, cores: "0", peakMemoryBytes: 400e6 },
      { cores: "0,1", peakMemoryBytes: 200e6 },
    );
    expect(goal(found, "peak memory of backup, MB")?.found).toBe(200);
  });
});

test("the exponent tells linear growth from quadratic", () => {
  const scale = {} as never;
  const workloads = [
    { name: "layers", about: "", scale },
    { name: "layers-300", about: "", scale, tenthOf: "layers" },
  ];
  const found = findExponents(
    summaries(
      { workload: "layers", wallMs: 10_000 },
      { workload: "layers", job: "restore", wallMs: 100_000 },
      { workload: "layers-300", wallMs: 1000 },
      { workload: "layers-300", job: "restore", wallMs: 1000 },
      { workload: "layers-300", job: "verify", wallMs: 1000 },
    ),
    workloads,
  );
  expect(found.map(({ workload, job, exponent }) => [workload, job, exponent])).toEqual([
    ["layers", "backup", 1],
    ["layers", "restore", 2],
  ]);
  expect(formatExponents(found)).toMatch(/^layers +restore +ngwbackup +2\.00$/m);
});
