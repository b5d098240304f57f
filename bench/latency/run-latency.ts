import { execFile } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { formatTable } from "../../src/terminal/table.ts";
import type { Step } from "../contestants/contestant.ts";
import { ngwbackupProgram, ngwbackupStep } from "../contestants/ngwbackup.ts";
import { checkpoint, makeSource, type SourceInstance } from "../instances.ts";
import { describeMachine } from "../machine.ts";
import { measureStep } from "../measure/measure-step.ts";
import type { CommonOptions } from "../options.ts";
import { median, percentile } from "../report/statistics.ts";
import { writeResults } from "../results-file.ts";
import { type Surroundings, withServer } from "../surroundings.ts";
import { fullWorkloads, quickWorkloads } from "../workloads.ts";
import { startProbe } from "./probe.ts";

/** What queries took beside something else, all measured rounds together. */
interface Situation {
  beside: string;
  /** A backup into an empty folder; undefined: nothing runs beside the queries. */
  step: ((folder: string) => Step) | undefined;
  latenciesMs: number[];
  /** How long what runs beside took, a round each. */
  wallMs: number[];
}

/**
 * Measures what a simple query of another client takes alone and beside backups, by turns, and writes it to a JSON file.
 * @param print takes the table
 */
export async function runLatency(
  options: CommonOptions,
  surroundings: Surroundings,
  print: (text: string) => void,
): Promise<void> {
  const [workload] = options.quick ? quickWorkloads : fullWorkloads;
  if (workload === undefined) return;
  await withServer(surroundings, "latency", async (cluster, folder) => {
    surroundings.note(`making ${workload.about}`);
    const source = await makeSource(cluster, folder, workload.scale);
    const table = `vector_layer.layer_${source.made.layerUuids[0]}`;
    const situations = await planSituations(cluster, source);
    for (let round = options.quick ? 1 : 0; round <= options.rounds; round += 1) {
      for (const situation of situations) {
        const own = join(folder, "backup");
        await rm(own, { recursive: true, force: true });
        await mkdir(own);
        await checkpoint(cluster);
        await promisify(execFile)("sync");
        const probe = await startProbe(source.settings, table, workload.scale.pointsPerLayer);
        let wallMs: number;
        let latenciesMs: number[];
        try {
          wallMs = await runBeside(situation.step?.(own), options, surroundings, folder);
        } finally {
          latenciesMs = await probe.stop();
        }
        const counts = round === 0 ? "warm-up" : `round ${round} of ${options.rounds}`;
        surroundings.note(`beside ${situation.beside}, ${counts}: median ${median(latenciesMs).toFixed(2)} ms`);
        if (round === 0) continue;
        situation.latenciesMs.push(...latenciesMs);
        situation.wallMs.push(wallMs);
      }
    }
    const found = situations.map(summarise);
    print(format(found));
    const machine = describeMachine(surroundings.server);
    const { name, about } = workload;
    const startedAt = surroundings.startedAt.toISOString();
    const results = { startedAt, machine, workload: { name, about }, latency: found };
    await writeResults(results, surroundings, options.jsonPath, "latency-");
  });
}

async function planSituations(cluster: Cluster, source: SourceInstance): Promise<Situation[]> {
  const { host = "", port = 0, user = "", database = "" } = source.settings;
  const env = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: database };
  const pgDump = join(cluster.binDir, "pg_dump");
  const ours = (folder: string, ...flags: string[]): Step =>
    ngwbackupStep({ instance: source.place }, ["backup", "--one-shot", ...flags, join(folder, "archive.ngwbackup")]);
  const situation = (beside: string, step?: (folder: string) => Step): Situation => ({
    beside,
    step,
    latenciesMs: [],
    wallMs: [],
  });
  const [program = "", ...help] = ngwbackupProgram({ instance: source.place }, ["backup", "--help"]).argv;
  const { stdout: flags } = await promisify(execFile)(program, help);
  return [
    situation("nothing"),
    situation("ngwbackup", (folder) => ours(folder)),
    ...(/--nice\b/.test(flags) ? [situation("ngwbackup --nice", (folder) => ours(folder, "--nice"))] : []),
    situation("pg_dump -Fc", (folder) => ({ programs: [{ argv: [pgDump, "-Fc", "-f", join(folder, "dump")], env }] })),
  ];
}

/** @returns how long it took, in milliseconds */
async function runBeside(
  step: Step | undefined,
  { quick }: CommonOptions,
  { env, signal }: Surroundings,
  folder: string,
): Promise<number> {
  if (step === undefined) {
    const aloneMs = quick ? 2000 : 10_000;
    await sleep(aloneMs, undefined, { signal });
    return aloneMs;
  }
  const usage = await measureStep(step, { cores: undefined, env, signal, logPath: join(folder, "programs.log") });
  return usage.wallMs;
}

function summarise({ beside, latenciesMs, wallMs }: Situation) {
  return {
    beside,
    queries: latenciesMs.length,
    medianMs: median(latenciesMs),
    p95Ms: percentile(latenciesMs, 95),
    p99Ms: percentile(latenciesMs, 99),
    maxMs: percentile(latenciesMs, 100),
    wallMs: median(wallMs),
  };
}

function format(found: readonly ReturnType<typeof summarise>[]): string {
  const titles = ["query ms", "p95", "p99", "longest", "queries", "backup s"];
  return formatTable(
    [{ title: "beside" }, ...titles.map((title) => ({ title, align: "right" as const }))],
    found.map(({ beside, medianMs, p95Ms, p99Ms, maxMs, queries, wallMs }) => [
      beside,
      ...[medianMs, p95Ms, p99Ms, maxMs].map((ms) => ms.toFixed(2)),
      String(queries),
      beside === "nothing" ? "" : (wallMs / 1000).toFixed(2),
    ]),
  );
}
