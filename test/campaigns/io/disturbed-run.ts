import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { type ProgramEnd, type ProgramOptions, startProgram } from "../../fixtures/run-program.ts";
import { mustHold } from "../campaign.ts";
import { type Call, type CallPlan, planVariable } from "../../fixtures/failing-calls/call-plan.ts";

const hook = pathToFileURL(`${import.meta.dirname}/../../fixtures/failing-calls/hook.ts`).href;
/** Far longer than the slowest machine takes: a run that is still there waits for what never comes. */
const longestMs = 5 * 60_000;

/** A call that fails: the nth one of its kind at its place. */
export type Disturbance = NonNullable<CallPlan["target"]>;

/** A run in which a call may have failed. */
export interface DisturbedRun extends Disturbance {
  end: ProgramEnd;
  /** Whether the call came, and failed. */
  met: boolean;
}

/** How the program is run. */
export interface Undertaking extends ProgramOptions {
  args: readonly string[];
  roots: CallPlan["roots"];
  /** A file for what the run tells; removed when it was read. */
  log: string;
}

/** As it is said of a case. */
export const describeDisturbance = ({ call, nth, fault }: Disturbance): string =>
  `${call.kind} ${call.place}, number ${nth}: ${fault}`;

/** Runs the program with one call that fails. */
export async function runDisturbed(undertaking: Undertaking, target: Disturbance): Promise<DisturbedRun> {
  const { end, told } = await run(undertaking, target);
  return { ...target, end, met: told.includes("failed") };
}

/** Runs the program undisturbed, and tells the calls that it makes: each as often as it comes. */
export async function runUndisturbed(undertaking: Undertaking): Promise<{ run: DisturbedRun; calls: readonly Call[] }> {
  const { end, told } = await run(undertaking, undefined);
  const none: Disturbance = { call: { kind: "look", place: "nowhere" }, nth: 1, fault: "EIO" };
  return { run: { ...none, end, met: false }, calls: told.map((line) => JSON.parse(line) as Call) };
}

async function run(
  { args, roots, log, ...options }: Undertaking,
  target: Disturbance | undefined,
): Promise<{ end: ProgramEnd; told: string[] }> {
  const plan: CallPlan = { roots, log, ...(target === undefined ? {} : { target }) };
  const { child, ended } = startProgram(args, {
    ...options,
    nodeArgs: ["--import", hook],
    env: { ...options.env, [planVariable]: JSON.stringify(plan) },
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), longestMs);
  const end = await ended;
  clearTimeout(timer);
  mustHold(end.signal === null, `${args[0]}: a run ends by itself`, `ended by ${end.signal}`, end.stderr);
  const told = existsSync(log) ? (await readFile(log, "utf8")).trimEnd().split("\n") : [];
  await rm(log, { force: true });
  return { end, told };
}
