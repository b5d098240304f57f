import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { archivePath, ngwbackupProgram } from "../contestants/ngwbackup.ts";
import { checkpoint, makeSource, makeTarget, type SourceInstance } from "../instances.ts";
import { describeMachine } from "../machine.ts";
import { pinTree, postmasterPid } from "../measure/process-tree.ts";
import type { CommonOptions } from "../options.ts";
import { type OwnJob, ownJobs } from "../own-jobs.ts";
import { writeResults } from "../results-file.ts";
import { type Surroundings, withServer } from "../surroundings.ts";
import { fullWorkloads, quickWorkloads } from "../workloads.ts";
import { formatModel } from "./model-table.ts";
import { joinTraces, type MeasuredStage, predictJob } from "./predict.ts";
import { type StageCost, traceStages } from "./trace-stages.ts";

const workloadNames = ["reference", "layers", "blobs"];
const targetCores = [1, 2, 4, 16, 64];

/** A job's stages, and what all of them would take on more cores. */
export interface ModelledJob {
  workload: string;
  job: string;
  stages: MeasuredStage[];
  predictions: (ReturnType<typeof predictJob> & { cores: number })[];
}

/** Where a job is traced. */
interface Ground {
  cluster: Cluster;
  source: SourceInstance;
  folder: string;
  options: CommonOptions;
  surroundings: Surroundings;
}

/**
 * Measures the stages of ours on one core and on two, by turns, and says what more cores would give and what keeps them
 * from giving more. Writes it to a JSON file.
 * @param print takes the tables
 */
export async function runModel(
  options: CommonOptions,
  surroundings: Surroundings,
  print: (text: string) => void,
): Promise<void> {
  const workloads = (options.quick ? quickWorkloads : fullWorkloads).filter(({ name }) => workloadNames.includes(name));
  const modelled: ModelledJob[] = [];
  for (const { name: workload, about, scale } of workloads) {
    await withServer(surroundings, workload, async (cluster, folder) => {
      surroundings.note(`making ${about}`);
      const source = await makeSource(cluster, folder, scale);
      await mkdir(join(folder, "archives"));
      for (const job of ownJobs) {
        surroundings.note(`${workload}: ${job.name}, on one core and on two`);
        const stages = await traceJob(job, { cluster, source, folder, options, surroundings });
        const predictions = targetCores.map((cores) => ({ cores, ...predictJob(stages, cores) }));
        const model = { workload, job: job.name, stages, predictions };
        print(formatModel(model));
        modelled.push(model);
      }
    });
  }
  const machine = describeMachine(surroundings.server);
  const startedAt = surroundings.startedAt.toISOString();
  await writeResults({ startedAt, machine, model: modelled }, surroundings, options.jsonPath, "model-");
}

async function traceJob(job: OwnJob, ground: Ground): Promise<MeasuredStage[]> {
  const { cluster, source, folder, options } = ground;
  const { env, signal } = ground.surroundings;
  const serverPid = await postmasterPid(cluster);
  const traces: Record<"0" | "0,1", StageCost[][]> = { "0": [], "0,1": [] };
  // The first round is a warm-up, unless it is to be quick.
  for (let round = options.quick ? 1 : 0; round <= options.rounds; round += 1) {
    for (const cores of ["0", "0,1"] as const) {
      const instance = job.restores ? await makeTarget(cluster, join(folder, "target"), source) : source;
      const archive = archivePath({ folder: join(folder, "archives") });
      const program = ngwbackupProgram({ instance: instance.place }, job.args(archive));
      await pinTree(serverPid, cores);
      await checkpoint(cluster);
      await promisify(execFile)("sync");
      const stages = await traceStages(program, { cores, env, signal, serverPid });
      if (round > 0) traces[cores].push(stages);
    }
  }
  return joinTraces(traces["0"], traces["0,1"]);
}
