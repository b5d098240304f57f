import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { formatTable } from "../../src/terminal/table.ts";
import { archivePath, ngwbackupProgram } from "../contestants/ngwbackup.ts";
import { checkpoint, makeSource, makeTarget, type SourceInstance } from "../instances.ts";
import { describeMachine } from "../machine.ts";
import type { ProgressOptions } from "../options.ts";
import { type OwnJob, ownJobs } from "../own-jobs.ts";
import { writeResults } from "../results-file.ts";
import { type Surroundings, withServer } from "../surroundings.ts";
import { type Accuracy, judgeProgress } from "./accuracy.ts";
import { type HeardRun, listen } from "./listen.ts";

/** What the progress of a job was worth, and all that it said. */
interface JudgedJob extends Accuracy {
  workload: string;
  job: string;
  runs: HeardRun[];
}

/** Where a job runs. */
interface Ground {
  cluster: Cluster;
  source: SourceInstance;
  folder: string;
  options: ProgressOptions;
  surroundings: Surroundings;
}

/**
 * Runs ours and holds what it says of rate and time left against what turned out to be so. Writes it to a JSON file.
 * @param print takes the table
 */
export async function runProgress(
  options: ProgressOptions,
  surroundings: Surroundings,
  print: (text: string) => void,
): Promise<void> {
  const judged: JudgedJob[] = [];
  for (const { name: workload, about, scale } of options.workloads) {
    await withServer(surroundings, workload, async (cluster, folder) => {
      surroundings.note(`making ${about}`);
      const source = await makeSource(cluster, folder, scale);
      await mkdir(join(folder, "archives"));
      for (const job of ownJobs) {
        surroundings.note(`${workload}: ${job.name}`);
        const runs = await hear(job, { cluster, source, folder, options, surroundings });
        judged.push({ workload, job: job.name, ...judgeProgress(runs), runs });
      }
    });
  }
  print(format(judged));
  const machine = describeMachine(surroundings.server);
  const startedAt = surroundings.startedAt.toISOString();
  await writeResults({ startedAt, machine, progress: judged }, surroundings, options.jsonPath, "progress-");
}

async function hear(job: OwnJob, { cluster, source, folder, options, surroundings }: Ground): Promise<HeardRun[]> {
  const runs: HeardRun[] = [];
  // The first round is a warm-up, unless it is to be quick.
  for (let round = options.quick ? 1 : 0; round <= options.rounds; round += 1) {
    const instance = job.restores ? await makeTarget(cluster, join(folder, "target"), source) : source;
    const archive = archivePath({ folder: join(folder, "archives") });
    await checkpoint(cluster);
    await promisify(execFile)("sync");
    const program = ngwbackupProgram({ instance: instance.place }, job.args(archive));
    const run = await listen(program, surroundings.env, surroundings.signal);
    if (round > 0) runs.push(run);
  }
  return runs;
}

function format(judged: readonly JudgedJob[]): string {
  const titles = [
    "s",
    "lines",
    "left: median",
    "worst",
    "in 15 %",
    "of left",
    "rates",
    "rate: median",
    "worst",
    "in 15 %",
  ];
  return formatTable(
    [{ title: "" }, ...titles.map((title) => ({ title, align: "right" as const }))],
    judged.map(({ workload, job, durationMs, timeLeft, timeLeftToLeft, rate }) => [
      `${workload}: ${job}`,
      (durationMs / 1000).toFixed(1),
      String(timeLeft.claims),
      ...[timeLeft.median, timeLeft.worst, timeLeft.goodShare, timeLeftToLeft.median].map(percent),
      String(rate.claims),
      ...[rate.median, rate.worst, rate.goodShare].map(percent),
    ]),
  );
}

function percent(share: number): string {
  return Number.isNaN(share) ? "" : `${(share * 100).toFixed(0)} %`;
}
