import type { Job } from "../contestants/registry.ts";
import type { Results, Run } from "../results.ts";

/** What the measured rounds of a contestant come to. */
export interface Summary {
  workload: string;
  job: Job;
  contestant: string;
  cores: string | undefined;
  coreCount: number;
  rounds: number;
  wallMs: number;
  wallMinMs: number;
  wallMaxMs: number;
  /** User and system time of all its processes. */
  cpuMs: number;
  serverCpuMs: number;
  /** The largest of all rounds; everything else is a median. */
  peakMemoryBytes: number;
  readCallBytes: number;
  diskWrittenBytes: number;
  serverDiskWrittenBytes: number;
  archiveBytes: number | undefined;
}

/** The middle value; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}

/** The value that so many percent of all do not exceed (nearest rank); NaN of no values. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** Summaries in the order in which workloads, jobs, cores and contestants first came; warm-ups left out. */
export function summarise(results: Pick<Results, "runs">): Summary[] {
  const groups = Map.groupBy(
    results.runs.filter((run) => run.round > 0),
    (run) => [run.workload, run.job, run.cores ?? "", run.contestant].join("\n"),
  );
  return [...groups.values()].map(summary);
}

function summary(runs: readonly Run[]): Summary {
  const { workload, job, contestant, cores, coreCount } = runs[0] as Run;
  const of = (value: (run: Run) => number): number[] => runs.map(value);
  const wallMs = of((run) => run.wallMs);
  const archiveBytes = runs.map((run) => run.archiveBytes).filter((bytes) => bytes !== undefined);
  return {
    workload,
    job,
    contestant,
    cores,
    coreCount,
    rounds: runs.length,
    wallMs: median(wallMs),
    wallMinMs: Math.min(...wallMs),
    wallMaxMs: Math.max(...wallMs),
    cpuMs: median(of((run) => run.userCpuMs + run.systemCpuMs)),
    serverCpuMs: median(of((run) => run.serverCpuMs)),
    peakMemoryBytes: Math.max(...of((run) => run.peakMemoryBytes)),
    readCallBytes: median(of((run) => run.readCallBytes)),
    diskWrittenBytes: median(of((run) => run.diskWrittenBytes)),
    serverDiskWrittenBytes: median(of((run) => run.serverDiskWrittenBytes)),
    archiveBytes: archiveBytes.length === 0 ? undefined : median(archiveBytes),
  };
}
