import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { formatTable } from "../../src/terminal/table.ts";
import { type Radosgw, startRadosgw } from "../../test/fixtures/s3/radosgw.ts";
import { ngwbackupProgram } from "../contestants/ngwbackup.ts";
import { checkpoint, makeSource, makeTarget, type SourceInstance } from "../instances.ts";
import { describeMachine } from "../machine.ts";
import { measureStep } from "../measure/measure-step.ts";
import { treeUsage } from "../measure/process-tree.ts";
import type { CommonOptions } from "../options.ts";
import { type OwnJob, ownJobs } from "../own-jobs.ts";
import { median } from "../report/statistics.ts";
import { writeResults } from "../results-file.ts";
import { type Surroundings, withServer } from "../surroundings.ts";
import { fullWorkloads, quickWorkloads } from "../workloads.ts";

const bucket = "bench";

/** A run of a job with its archive in a store. */
interface StoreRun {
  job: string;
  store: string;
  round: number;
  wallMs: number;
  /** Of our own processes. */
  cpuMs: number;
  /** Of the store's server. */
  storeCpuMs: number;
  peakMemoryBytes: number;
}

/** Where jobs run. */
interface Ground {
  cluster: Cluster;
  source: SourceInstance;
  folder: string;
  ceph: Radosgw;
  surroundings: Surroundings;
}

/**
 * Measures ours with its archive in a local file and in S3 on the same machine (a private Ceph that keeps objects in memory), by turns, and
 * writes it to a JSON file.
 * @param print takes the table
 */
export async function runStores(
  options: CommonOptions,
  surroundings: Surroundings,
  print: (text: string) => void,
): Promise<void> {
  const [workload] = options.quick ? quickWorkloads : fullWorkloads;
  if (workload === undefined) return;
  const ceph = await startRadosgw();
  try {
    await withServer(surroundings, "stores", async (cluster, folder) => {
      surroundings.note(`making ${workload.about}`);
      const source = await makeSource(cluster, folder, workload.scale);
      await mkdir(join(folder, "archives"));
      await makeBucket(ceph);
      const places: [store: string, archive: string][] = [
        ["local", join(folder, "archives", "archive.ngwbackup")],
        ["s3", `s3://${bucket}/archive.ngwbackup`],
      ];
      const ground = { cluster, source, folder, ceph, surroundings };
      const runs: StoreRun[] = [];
      for (const job of ownJobs) {
        for (let round = options.quick ? 1 : 0; round <= options.rounds; round += 1) {
          for (const [store, archive] of places) {
            const run = { job: job.name, store, round, ...(await runJob(job, archive, ground)) };
            surroundings.note(`${job.name}, ${store}, round ${round}: ${(run.wallMs / 1000).toFixed(2)} s`);
            runs.push(run);
          }
        }
      }
      print(format(runs.filter(({ round }) => round > 0)));
      const startedAt = surroundings.startedAt.toISOString();
      const machine = describeMachine(surroundings.server);
      await writeResults({ startedAt, machine, runs }, surroundings, options.jsonPath, "stores-");
    });
  } finally {
    await ceph.stop();
  }
}

async function runJob(
  job: OwnJob,
  archive: string,
  ground: Ground,
): Promise<Omit<StoreRun, "job" | "store" | "round">> {
  const { cluster, source, folder, ceph, surroundings } = ground;
  const instance = job.restores ? await makeTarget(cluster, join(folder, "target"), source) : source;
  const { argv, env = {} } = ngwbackupProgram({ instance: instance.place }, job.args(archive));
  const s3 = {
    NEXTGISWEB__NGWBACKUP__S3__ENDPOINT: ceph.endpoint,
    AWS_ACCESS_KEY_ID: ceph.accessKeyId,
    AWS_SECRET_ACCESS_KEY: ceph.secretAccessKey,
  };
  await checkpoint(cluster);
  await promisify(execFile)("sync");
  const before = await storeCpuMs(ceph);
  const { env: outer, signal } = surroundings;
  const step = { programs: [{ argv, env: { ...env, ...s3 } }] };
  const logPath = join(folder, "programs.log");
  const usage = await measureStep(step, { cores: undefined, env: outer, signal, logPath });
  return {
    wallMs: usage.wallMs,
    cpuMs: usage.userCpuMs + usage.systemCpuMs,
    storeCpuMs: (await storeCpuMs(ceph)) - before,
    peakMemoryBytes: usage.peakMemoryBytes,
  };
}

async function storeCpuMs({ pids }: Radosgw): Promise<number> {
  const usages = await Promise.all(pids.map((pid) => treeUsage(pid)));
  return usages.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
}

async function makeBucket({ endpoint, accessKeyId, secretAccessKey }: Radosgw): Promise<void> {
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, region: "us-east-1", forcePathStyle: true, credentials });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
}

function format(runs: readonly StoreRun[]): string {
  const rows = [...Map.groupBy(runs, ({ job, store }) => `${job}\n${store}`).values()].map((group) => {
    const [{ job, store } = { job: "", store: "" }] = group;
    const of = (value: (run: StoreRun) => number): number => median(group.map(value));
    const apartMs = of(({ wallMs, storeCpuMs: ms }) => wallMs - ms / availableParallelism());
    return { job, store, wallMs: of(({ wallMs }) => wallMs), apartMs, cpuMs: of(({ cpuMs }) => cpuMs), group };
  });
  const localMs = new Map(rows.filter(({ store }) => store === "local").map(({ job, wallMs }) => [job, wallMs]));
  const seconds = (ms: number): string => (ms / 1000).toFixed(2);
  const titles = ["wall s", "to local", "server apart s", "to local", "CPU s", "store's CPU s", "peak MB"];
  return formatTable(
    [{ title: "job" }, { title: "archive in" }, ...titles.map((title) => ({ title, align: "right" as const }))],
    rows.map(({ job, store, wallMs, apartMs, cpuMs, group }) => {
      const local = localMs.get(job) ?? Number.NaN;
      const storeMs = median(group.map((run) => run.storeCpuMs));
      const peak = Math.max(...group.map((run) => run.peakMemoryBytes)) / 1e6;
      const times = [seconds(wallMs), (wallMs / local).toFixed(2), seconds(apartMs), (apartMs / local).toFixed(2)];
      return [job, store, ...times, seconds(cpuMs), seconds(storeMs), peak.toFixed(0)];
    }),
  );
}
