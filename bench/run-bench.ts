import { ngwbackup } from "./contestants/ngwbackup.ts";
import { entries, type Entry } from "./contestants/registry.ts";
import { describeMachine } from "./machine.ts";
import type { BenchOptions } from "./options.ts";
import { findExponents, formatExponents } from "./report/exponents.ts";
import { formatGoals, isMet, judgeGoals } from "./report/goals.ts";
import { summarise } from "./report/statistics.ts";
import { formatSummaries } from "./report/tables.ts";
import { writeResults } from "./results-file.ts";
import type { Results } from "./results.ts";
import { runWorkload } from "./run-workload.ts";
import { type Surroundings, withServer } from "./surroundings.ts";

/**
 * Runs all contestants on all workloads and writes what was found to a JSON file.
 * @param print takes the tables
 * @returns whether every run came to its end
 * @throws the signal's reason when it is aborted
 */
export async function runBench(
  options: BenchOptions,
  surroundings: Surroundings,
  print: (text: string) => void,
): Promise<boolean> {
  const { present, leftOut } = await presentEntries(options, surroundings);
  const results: Results = {
    startedAt: surroundings.startedAt.toISOString(),
    quick: options.quick,
    machine: describeMachine(surroundings.server),
    leftOut,
    workloads: [],
    runs: [],
    failures: [],
  };
  for (const workload of options.workloads) {
    const chosen = options.contestants ?? workload.contestants;
    const taking = present.filter(
      ({ contestant: { name }, archiveOf = name, againOnly = false }) =>
        (chosen?.includes(name) ?? true) &&
        (againOnly ? workload.again === true : workload.oursOnly !== true || archiveOf === ngwbackup.name),
    );
    const run = { workload, entries: taking, options, surroundings, results };
    await withServer(surroundings, workload.name, (cluster, folder) => runWorkload({ ...run, cluster, folder }));
  }
  const summaries = summarise(results);
  const goals = judgeGoals(summaries);
  const exponents = findExponents(summaries, options.workloads);
  const note = options.quick ? "A small version: the goals below are meant for the full size.\n" : "";
  const tables = [formatSummaries(summaries, ngwbackup.name), formatExponents(exponents), note, formatGoals(goals)];
  print(tables.filter((table) => table !== "").join("\n"));
  const judged = goals.map((goal) => ({ ...goal, isMet: isMet(goal) }));
  await writeResults({ ...results, summaries, exponents, goals: judged }, surroundings, options.jsonPath);
  return results.failures.length === 0;
}

async function presentEntries(
  { contestants }: BenchOptions,
  { note }: Surroundings,
): Promise<{ present: Entry[]; leftOut: Results["leftOut"] }> {
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
