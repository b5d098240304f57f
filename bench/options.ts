import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { UsageError } from "../src/errors.ts";
import { allJobs, entries, type Job } from "./contestants/registry.ts";
import { fullWorkloads, quickWorkloads, type Workload } from "./workloads.ts";

/** What a bench runs. */
export interface BenchOptions {
  quick: boolean;
  workloads: readonly Workload[];
  /** Names; undefined: all of the workload. */
  contestants: readonly string[] | undefined;
  jobs: readonly Job[];
  /** Measured rounds, after a warm-up unless it is quick. */
  rounds: number;
  /** Each is measured with every one of these, by turns. */
  coreSets: readonly CoreSet[];
  /** Where the results go; undefined: bench/results/<time>.json. */
  jsonPath: string | undefined;
  /** An existing folder to make the data in; undefined: the one of temporary files. */
  folder: string | undefined;
}

/** Cores that contestants and server are kept on. */
export interface CoreSet {
  /** As taskset takes them; undefined: all. */
  list: string | undefined;
  count: number;
}

/** What `npm run bench -- --help` prints. */
export const usage = `usage: npm run bench -- [options]
  --quick               a small version of everything, one round, in under two minutes
  --only NAME,...       workloads: ${fullWorkloads.map(({ name }) => name).join(", ")}
  --contestants NAME,...  ${entries.map(({ contestant }) => contestant.name).join(", ")}
  --jobs-of JOB,...     ${allJobs.join(", ")}
  --rounds N            measured rounds; 3, with --quick 1
  --cores LIST          keep contestants and server on these cores (0, 0,1, 0-3); given several times, by turns
  --json FILE           where the results go; bench/results/<time>.json
  --folder DIR          an existing folder to make the data in
`;

const quickContestants = ["ngwbackup", "ngwbackup in place", "nextgisweb-steps", "pg_dump -Fc", "floor"];

/**
 * Reads the arguments of a bench.
 * @throws UsageError when one makes no sense
 */
export function parseOptions(args: readonly string[]): BenchOptions | "help" {
  const flags = parseFlags(args);
  if (flags.help === true) return "help";
  const quick = flags.quick === true;
  const workloads = quick ? quickWorkloads : fullWorkloads;
  const contestants = entries.map(({ contestant }) => contestant.name);
  const chosen = names(
    flags.only,
    workloads.map(({ name }) => name),
    "workload",
  );
  const rounds = Number(flags.rounds ?? (quick ? 1 : 3));
  if (!Number.isSafeInteger(rounds) || rounds < 1)
    throw new UsageError("bench-rounds", "--rounds takes a number from 1");
  return {
    quick,
    workloads: workloads.filter(({ name }) => chosen?.includes(name) ?? true),
    contestants: names(flags.contestants, contestants, "contestant") ?? (quick ? quickContestants : undefined),
    jobs: (names(flags["jobs-of"], allJobs, "job") as Job[] | undefined) ?? allJobs,
    rounds,
    coreSets:
      flags.cores === undefined ? [{ list: undefined, count: availableParallelism() }] : flags.cores.map(coreSet),
    jsonPath: flags.json,
    folder: flags.folder,
  };
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: "boolean" },
        quick: { type: "boolean" },
        only: { type: "string" },
        contestants: { type: "string" },
        "jobs-of": { type: "string" },
        rounds: { type: "string" },
        cores: { type: "string", multiple: true },
        json: { type: "string" },
        folder: { type: "string" },
      },
    }).values;
  } catch (error) {
    throw new UsageError("bench-usage", (error as Error).message, { hints: ["npm run bench -- --help"], cause: error });
  }
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
