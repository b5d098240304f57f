import { availableParallelism } from "node:os";
import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { UsageError } from "../src/errors.ts";
import { allJobs, entries, type Job } from "./contestants/registry.ts";
import { fullWorkloads, quickWorkloads, type Workload } from "./workloads.ts";

/** What every part of the bench is told. */
export interface CommonOptions {
  quick: boolean;
  /** Measured rounds, after a warm-up unless it is quick. */
  rounds: number;
  /** Where the results go; undefined: bench/results/<time>.json. */
  jsonPath: string | undefined;
  /** An existing folder to make the data in; undefined: the one of temporary files. */
  folder: string | undefined;
}

/** What the comparison of contestants runs. */
export interface BenchOptions extends CommonOptions {
  workloads: readonly Workload[];
  /** Names; undefined: those that each workload is for. */
  contestants: readonly string[] | undefined;
  jobs: readonly Job[];
  /** Each is measured with every one of these, by turns. */
  coreSets: readonly CoreSet[];
}

/** What the part that looks at progress runs. */
export interface ProgressOptions extends CommonOptions {
  workloads: readonly Workload[];
}

/** Cores that contestants and server are kept on. */
export interface CoreSet {
  /** As taskset takes them; undefined: all. */
  list: string | undefined;
  count: number;
}

/** What `npm run bench -- --help` prints. */
export const usage = `usage: npm run bench -- [options]
       npm run bench -- latency|model|stores|viewers [--quick] [--rounds N] [--json FILE] [--folder DIR]
       npm run bench -- progress [--only NAME,...] [--quick] [--rounds N] [--json FILE] [--folder DIR]

Compares ours with others on made-up instances. latency: how long a query of somebody else takes beside a backup. model:
what the stages of ours take on one core and on two, and would take on more. stores: ours with its archive in S3, beside a local
file (with Ceph: npm run test:stores installs it). viewers: what 200 who look at the page of serve cost a backup. progress: how far the time left and the rate that
ours shows are from what they turn out to be, on workload reference or those named.

  --quick                 a small version of everything, one round, in under two minutes
  --only NAME,...         workloads: ${fullWorkloads.map(({ name }) => name).join(", ")}
  --contestants NAME,...  ${entries.map(({ contestant }) => contestant.name).join(", ")}
  --jobs-of JOB,...       ${allJobs.join(", ")}
  --rounds N              measured rounds; 3, with --quick 1
  --cores LIST            keep contestants and server on these cores (0, 0,1, 0-3); given several times, by turns
  --json FILE             where the results go; bench/results/<time>.json
  --folder DIR            an existing folder to make the data in, which every user can reach
`;

const commonFlags = {
  quick: { type: "boolean" },
  rounds: { type: "string" },
  json: { type: "string" },
  folder: { type: "string" },
} as const;

const choiceFlags = {
  only: { type: "string" },
  contestants: { type: "string" },
  "jobs-of": { type: "string" },
  cores: { type: "string", multiple: true },
} as const;

/**
 * Reads the arguments of a part that is not told what to compare.
 * @throws UsageError when one makes no sense
 */
export function parseCommonOptions(args: readonly string[]): CommonOptions {
  const { quick = false, rounds, json, folder } = parseFlags(args, commonFlags);
  return { quick, rounds: roundsOf(rounds, quick), jsonPath: json, folder };
}

/**
 * Reads the arguments of the part that looks at progress.
 * @throws UsageError when one makes no sense
 */
export function parseProgressOptions(args: readonly string[]): ProgressOptions {
  const { only = "reference", ...flags } = parseFlags(args, { ...commonFlags, only: choiceFlags.only });
  const { quick = false, rounds, json, folder } = flags;
  const common = { quick, rounds: roundsOf(rounds, quick), jsonPath: json, folder };
  return { ...common, workloads: workloadsOf(only, quick) };
}

/**
 * Reads the arguments of a bench.
 * @throws UsageError when one makes no sense
 */
export function parseOptions(args: readonly string[]): BenchOptions {
  const flags = parseFlags(args, { ...commonFlags, ...choiceFlags });
  const quick = flags.quick === true;
  const contestants = entries.map(({ contestant }) => contestant.name);
  return {
    quick,
    workloads: workloadsOf(flags.only, quick),
    contestants: names(flags.contestants, contestants, "contestant"),
    jobs: (names(flags["jobs-of"], allJobs, "job") as Job[] | undefined) ?? allJobs,
    rounds: roundsOf(flags.rounds, quick),
    coreSets:
      flags.cores === undefined ? [{ list: undefined, count: availableParallelism() }] : flags.cores.map(coreSet),
    jsonPath: flags.json,
    folder: flags.folder,
  };
}

function parseFlags<Flags extends ParseArgsOptionsConfig>(args: readonly string[], options: Flags) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new UsageError("bench-usage", (error as Error).message, { hints: ["npm run bench -- --help"], cause: error });
  }
}

function workloadsOf(only: string | undefined, quick: boolean): readonly Workload[] {
  const workloads = quick ? quickWorkloads : fullWorkloads;
  const known = workloads.map(({ name }) => name);
  const chosen = names(only, known, "workload") ?? known;
  return workloads.filter(({ name }) => chosen.includes(name));
}

function roundsOf(given: string | undefined, quick: boolean): number {
  const rounds = Number(given ?? (quick ? 1 : 3));
  if (Number.isSafeInteger(rounds) && rounds > 0) return rounds;
  throw new UsageError("bench-rounds", "--rounds takes a number from 1");
}

function names(given: string | undefined, known: readonly string[], what: string): string[] | undefined {
  const wanted = given?.split(",").map((name) => name.trim());
  for (const name of wanted ?? []) {
    if (known.includes(name)) continue;
    throw new UsageError(`bench-${what}`, `there is no ${what} ${name}`, { hints: [`take ${known.join(", ")}`] });
  }
  return wanted;
}

/** Counts the cores of a list such as `0,2-3`. */
function coreSet(list: string): CoreSet {
  if (!/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(list)) throw new UsageError("bench-cores", `${list} is no list of cores`);
  const count = list.split(",").reduce((sum, part) => {
    const [first = 0, last = first] = part.split("-").map(Number);
    return sum + last - first + 1;
  }, 0);
  return { list, count };
}
