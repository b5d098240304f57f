import { execFile } from "node:child_process";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Cluster } from "../src/cluster/cluster.ts";
import { AppError, messageOf } from "../src/errors.ts";
import { formatCount, formatDuration } from "../src/terminal/format.ts";
import { countContents, type Contents, missingContents } from "./contents.ts";
import { changeInstance } from "./change-instance.ts";
import type { Place } from "./contestants/contestant.ts";
import { baseName, ngwbackupStep } from "./contestants/ngwbackup.ts";
import type { Entry, Job } from "./contestants/registry.ts";
import {
  type BenchInstance,
  checkpoint,
  makeSource,
  makeTarget,
  type SourceInstance,
  tablesBySize,
} from "./instances.ts";
import { measureStep } from "./measure/measure-step.ts";
import { pinTree, postmasterPid, treeUsage } from "./measure/process-tree.ts";
import type { BenchOptions, CoreSet } from "./options.ts";
import type { Results, Run } from "./results.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Workload } from "./workloads.ts";

/** What runs of a workload need. */
export interface WorkloadRun {
  workload: Workload;
  /** Contestants that take part, in the order of their turns. */
  entries: readonly Entry[];
  /** A private server with nothing in it. */
  cluster: Cluster;
  /** An empty folder for instances and archives. */
  folder: string;
  options: BenchOptions;
  surroundings: Surroundings;
  /** Takes what was found. */
  results: Results;
}

/** A workload under way. */
interface Stage extends WorkloadRun {
  source: SourceInstance;
  tables: Place["tables"];
  contents: Contents;
  before: string | undefined;
  serverPid: number;
  /** `job contestant` of runs that failed, and contestants without a backup: they are left out from then on. */
  out: Set<string>;
}

/**
 * Makes a workload's instance and runs all contestants on it: job by job, round by round, by turns. A contestant that
 * fails is named in the results and left out of what follows.
 * @throws AppError when the instance cannot be made; the signal's reason when it is aborted
 */
export async function runWorkload(run: WorkloadRun): Promise<void> {
  const stage = await makeStage(run);
  const { options } = run;
  const rounds = Array.from({ length: options.rounds }, (_, index) => index + 1);
  const warmUp = options.quick ? [] : [0];
  if (!options.jobs.includes("backup")) {
    run.surroundings.note("backups that the other jobs need");
    for (const owner of archiveOwners(run.entries)) await takeTurn(stage, "backup", owner, 0, options.coreSets[0]);
  }
  for (const job of options.jobs) {
    for (const round of [...warmUp, ...rounds]) {
      for (const coreSet of options.coreSets) {
        const taking = run.entries.filter((entry) => entry.jobs.includes(job));
        for (const entry of taking) await takeTurn(stage, job, entry, round, coreSet);
      }
    }
  }
}

async function makeStage(run: WorkloadRun): Promise<Stage> {
  const { workload, cluster, folder, results } = run;
  const { note } = run.surroundings;
  note(`making ${workload.about}`);
  const startedMs = performance.now();
  const source = await makeSource(cluster, folder, workload.scale);
  const makingMs = performance.now() - startedMs;
  const before = workload.again === true ? await backUpAndChange(run, source) : undefined;
  const [tables, contents] = await Promise.all([tablesBySize(source), countContents(source)]);
  const rows = Object.values(contents.rows).reduce((sum, count) => sum + count, 0);
  const { files, fileBytes } = contents;
  const tableBytes = tables.reduce((sum, table) => sum + table.sizeBytes, 0);
  const { name, about } = workload;
  results.workloads.push({ name, about, tableBytes, tables: tables.length, rows, files, fileBytes, makingMs });
  note(
    `made ${formatCount(tables.length)} tables, ${formatCount(rows)} rows, ${formatCount(files)} files in ${formatDuration(makingMs)}`,
  );
  return { ...run, source, tables, contents, before, serverPid: await postmasterPid(cluster), out: new Set() };
}

/** Not `--one-shot`, as nobody's daily backup is. @returns the archive of the instance as it was */
async function backUpAndChange({ folder, surroundings }: WorkloadRun, source: SourceInstance): Promise<string> {
  const { env, signal, note } = surroundings;
  note("backing it up once, and changing one in a hundred of everything");
  const path = join(folder, "before.ngwbackup");
  const step = ngwbackupStep({ instance: source.place }, ["backup", path]);
  await measureStep(step, { cores: undefined, env, signal, logPath: join(folder, "programs.log") });
  await changeInstance(source);
  return path;
}

function archiveOwners(entries: readonly Entry[]): Entry[] {
  return entries.filter((entry) => entry.archiveOf === undefined);
}

async function takeTurn(
  stage: Stage,
  job: Job,
  entry: Entry,
  round: number,
  coreSet: CoreSet | undefined,
): Promise<void> {
  const { workload, options, results, out } = stage;
  const { note, signal } = stage.surroundings;
  const { name } = entry.contestant;
  if (out.has(name) || out.has(entry.archiveOf ?? name) || out.has(`${job} ${name}`)) return;
  const cores = coreSet?.list === undefined ? "" : ` on cores ${coreSet.list}`;
  const label = `${workload.name}: ${job} ${name}${cores}, ${round === 0 ? "warm-up" : `round ${round} of ${options.rounds}`}`;
  try {
    const measured = await measure(stage, job, entry, round, coreSet);
    results.runs.push(measured);
    note(`${label}: ${(measured.wallMs / 1000).toFixed(2)} s`);
  } catch (error) {
    signal.throwIfAborted();
    const details = error instanceof AppError ? error.details : [(error as Error).stack ?? ""];
    const message = messageOf(error);
    results.failures.push({ workload: workload.name, job, contestant: name, round, message, details });
    note([`${label}: failed: ${message}`, ...details].join("\n  "));
    out.add(job === "backup" ? name : `${job} ${name}`);
  }
}

async function measure(
  stage: Stage,
  job: Job,
  { contestant, archiveOf, rowsOnly = false }: Entry,
  round: number,
  coreSet: CoreSet | undefined,
): Promise<Run> {
  const { workload, cluster, source, folder, serverPid } = stage;
  const { env, signal } = stage.surroundings;
  const ownFolder = join(folder, "contestants", (archiveOf ?? contestant.name).replaceAll(/[^\w.-]+/g, "-"));
  if (job === "backup") await rm(ownFolder, { recursive: true, force: true });
  await mkdir(ownFolder, { recursive: true });
  const instance = job === "restore" ? await makeTarget(cluster, join(folder, "target"), source) : source;
  const place = placeFor(stage, instance, ownFolder, coreSet?.count ?? 1);
  const step = await contestant[job]?.(place);
  if (step === undefined) throw new AppError("bench-job", `${contestant.name} has no ${job}`);
  if (coreSet?.list !== undefined) await pinTree(serverPid, coreSet.list);
  await checkpoint(cluster);
  await promisify(execFile)("sync");
  const before = await treeUsage(serverPid);
  const cores = coreSet?.list;
  const usage = await withTimeLimit(signal, (limited) =>
    measureStep(step, { cores, env, signal: limited, logPath: join(folder, "programs.log") }),
  );
  const after = await treeUsage(serverPid);
  // Of the first restore of each contestant: nobody is to win by doing nothing.
  if (job === "restore" && round <= 1) await checkRestored(stage, instance, rowsOnly);
  return {
    workload: workload.name,
    job,
    contestant: contestant.name,
    cores,
    coreCount: coreSet?.count ?? 1,
    round,
    ...usage,
    serverCpuMs: after.cpuMs - before.cpuMs,
    serverDiskReadBytes: after.diskReadBytes - before.diskReadBytes,
    serverDiskWrittenBytes: after.diskWrittenBytes - before.diskWrittenBytes,
    archiveBytes: job === "backup" ? await folderBytes(ownFolder) : undefined,
  };
}

/** Nobody is to stop a bench by never ending. */
async function withTimeLimit<T>(signal: AbortSignal, action: (limited: AbortSignal) => Promise<T>): Promise<T> {
  const limitMinutes = 30;
  const late = new AbortController();
  const reason = new AppError("bench-time", `it was stopped after ${limitMinutes} minutes`);
  const timer = setTimeout(() => late.abort(reason), limitMinutes * 60_000);
  try {
    return await action(AbortSignal.any([signal, late.signal]));
  } finally {
    clearTimeout(timer);
  }
}

function placeFor({ cluster, tables, before }: Stage, instance: BenchInstance, folder: string, jobs: number): Place {
  const { host = "", port = 0, user = "" } = instance.settings;
  return {
    instance: instance.place,
    libpqEnv: { PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: instance.place.database },
    binDir: cluster.binDir,
    folder,
    before,
    jobs,
    tables,
  };
}

async function checkRestored(stage: Stage, target: BenchInstance, rowsOnly: boolean): Promise<void> {
  const missing = missingContents(stage.contents, await countContents(target), rowsOnly);
  if (missing.length === 0) return;
  throw new AppError("bench-restored", "what it restored is not what was backed up", { details: missing.slice(0, 12) });
}

async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  let sum = 0;
  for (const entry of entries)
    if (entry.isFile() && entry.name !== baseName) sum += (await stat(join(entry.parentPath, entry.name))).size;
  return sum;
}
