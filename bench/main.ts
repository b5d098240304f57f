/*
 * `npm run bench`: makes instances, backs them up, restores and verifies them with ours and with others by turns, prints
 * tables to stdout and writes a JSON file. Progress goes to stderr.
 */
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Cluster, startCluster } from "../src/cluster/cluster.ts";
import { ensureServer } from "../src/cluster/install-server.ts";
import type { ServerBinaries } from "../src/cluster/server-binaries.ts";
import { processContext } from "../src/process-context.ts";
import { coloursFor } from "../src/terminal/colours.ts";
import { formatError } from "../src/terminal/error-text.ts";
import { formatDuration } from "../src/terminal/format.ts";
import { AppError } from "../src/errors.ts";
import { ngwbackup } from "./contestants/ngwbackup.ts";
import { entries, type Entry } from "./contestants/registry.ts";
import { describeMachine } from "./machine.ts";
import { type BenchOptions, parseOptions, usage } from "./options.ts";
import { findExponents, formatExponents } from "./report/exponents.ts";
import { formatGoals, isMet, judgeGoals } from "./report/goals.ts";
import { summarise } from "./report/statistics.ts";
import { formatSummaries } from "./report/tables.ts";
import type { Results } from "./results.ts";
import { runWorkload } from "./run-workload.ts";

const context = processContext(process);

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === "help") process.stdout.write(usage);
  else process.exitCode = await main(options);
} catch (error) {
  const failure = context.signal.aborted ? context.signal.reason : error;
  process.stderr.write(formatError(failure, { colours: coloursFor(process.stderr, process.env), verbose: false }));
  process.exitCode = failure instanceof AppError ? failure.exitCode : 1;
}

async function main(options: BenchOptions): Promise<number> {
  const startedMs = performance.now();
  // Nothing of libpq's or of an installation's variables reaches the programs.
  const kept = Object.entries(context.env).filter(([name]) => !/^(PG[A-Z]|NEXTGISWEB)/.test(name));
  const env = Object.fromEntries(kept);
  const server = await ensureServer({ env, signal: context.signal, isRoot: context.isRoot, note });
  const { present, leftOut } = await presentEntries(options);
  const results: Results = {
    startedAt: context.now().toISOString(),
    quick: options.quick,
    machine: describeMachine(server),
    leftOut,
    workloads: [],
    runs: [],
    failures: [],
  };
  const folder = await mkdtemp(join(options.folder ?? tmpdir(), "ngwbackup-bench-"));
  try {
    // The server runs as another user when we are root, and has its data below.
    await chmod(folder, 0o711);
    for (const workload of options.workloads) {
      const taking = present.filter(({ contestant }) => workload.contestants?.includes(contestant.name) ?? true);
      const run = { workload, entries: taking, options, env, signal: context.signal, results, note };
      await withInstanceFolder(folder, workload.name, server, (cluster, own) =>
        runWorkload({ ...run, cluster, folder: own }),
      );
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  await report(results, options);
  note(`done in ${formatDuration(performance.now() - startedMs)}`);
  return results.failures.length === 0 ? 0 : 1;
}

async function presentEntries({
  contestants,
}: BenchOptions): Promise<{ present: Entry[]; leftOut: Results["leftOut"] }> {
  const present: Entry[] = [];
  const leftOut: Record<string, string> = {};
  for (const entry of entries.filter(({ contestant }) => contestants?.includes(contestant.name) ?? true)) {
    const reason = await entry.contestant.missing();
    if (reason === undefined) present.push(entry);
    else {
      leftOut[entry.contestant.name] = reason;
      note(`${entry.contestant.name} is left out: ${reason}`);
    }
  }
  return { present, leftOut };
}

/** Runs an action with a fresh server and an empty folder; both are gone when it returns. */
async function withInstanceFolder(
  parentFolder: string,
  name: string,
  server: ServerBinaries,
  action: (cluster: Cluster, folder: string) => Promise<void>,
): Promise<void> {
  const folder = join(parentFolder, name);
  const cluster = await startCluster({
    folder: parentFolder,
    env: context.env,
    signal: context.signal,
    server,
    // As installed, except that thousands of layers fit into one transaction of pg_dump or of a restore by hand, and
    // that nothing else is at work while we measure.
    settings: { max_locks_per_transaction: "2048", autovacuum: "off" },
  });
  try {
    await mkdir(folder);
    await action(cluster, folder);
  } finally {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function report(results: Results, { jsonPath, workloads }: BenchOptions): Promise<void> {
  const summaries = summarise(results);
  const goals = judgeGoals(summaries);
  const exponents = findExponents(summaries, workloads);
  const tables = [formatSummaries(summaries, ngwbackup.name), formatExponents(exponents), formatGoals(goals)];
  process.stdout.write(tables.filter((table) => table !== "").join("\n"));
  const path = jsonPath ?? join(import.meta.dirname, "results", `${results.startedAt.replaceAll(":", "")}.json`);
  await mkdir(dirname(path), { recursive: true });
  const judged = goals.map((goal) => ({ ...goal, isMet: isMet(goal) }));
  await writeFile(path, `${JSON.stringify({ ...results, summaries, exponents, goals: judged }, undefined, 2)}\n`);
  note(`results: ${path}`);
}

function note(line: string): void {
  process.stderr.write(`[${new Date().toISOString().slice(11, 19)}] ${line}\n`);
}
