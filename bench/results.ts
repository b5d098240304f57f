import type { StepUsage } from "./measure/measure-step.ts";
import type { Job } from "./contestants/registry.ts";

/** One measured run of a contestant. */
export interface Run extends StepUsage {
  workload: string;
  job: Job;
  contestant: string;
  /** Cores it was kept on, as given; undefined: all. */
  cores: string | undefined;
  coreCount: number;
  /** From 1; 0 is the warm-up, which counts for nothing. */
  round: number;
  serverCpuMs: number;
  serverDiskReadBytes: number;
  serverDiskWrittenBytes: number;
  /** Size of all files in the contestant's folder, after a backup. */
  archiveBytes: number | undefined;
}

/** A run that did not come to its end, or whose restore is not complete. */
export interface FailedRun {
  workload: string;
  job: Job;
  contestant: string;
  round: number;
  message: string;
  details: readonly string[];
}

/** What a workload's instance turned out to be. */
export interface MadeWorkload {
  name: string;
  about: string;
  /** Sum of the tables' sizes on disk, without indexes. */
  tableBytes: number;
  tables: number;
  rows: number;
  files: number;
  fileBytes: number;
  makingMs: number;
}

/** Everything that a bench found, as written to its JSON file. */
export interface Results {
  startedAt: string;
  quick: boolean;
  machine: Readonly<Record<string, string | number>>;
  /** Contestants that could not run here, each with the reason. */
  leftOut: Readonly<Record<string, string>>;
  workloads: MadeWorkload[];
  runs: Run[];
  failures: FailedRun[];
}
