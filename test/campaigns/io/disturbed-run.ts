import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { type ProgramEnd, type ProgramOptions, startProgram } from "../../fixtures/run-program.ts";
import { mustHold } from "../campaign.ts";
import { type Call, type CallPlan, planVariable } from "../../fixtures/failing-calls/call-plan.ts";
import { faultsOf } from "./faults.ts";

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

/**
 * Runs the program undisturbed, and lists every way in which one of its calls can fail: the same list in the same order
 * whenever the program makes the same calls, and what begins it is as different as can be: each call at each place once.
 */
export async function runUndisturbed(
  undertaking: Undertaking,
): Promise<{ run: DisturbedRun; disturbances: readonly Disturbance[] }> {
  const { end, told } = await run(undertaking, undefined);
  const counts = new Map<string, number>();
  for (const line of told) counts.set(line, (counts.get(line) ?? 0) + 1);
  const listed = [...counts].flatMap(([line, count]) => {
    const call = JSON.parse(line) as Call;
    const order = createHash("sha256").update(line).digest("hex");
    return Array.from({ length: count }, (_, index) =>
      faultsOf[call.kind].map((fault, round) => ({ disturbance: { call, nth: index + 1, fault }, round, order })),
    ).flat();
  });
  const disturbances = listed
    .toSorted(
      (one, other) =>
        one.disturbance.nth - other.disturbance.nth || one.round - other.round || (one.order < other.order ? -1 : 1),
    )
    .map(({ disturbance }) => disturbance);
  const none: Disturbance = { call: { kind: "look", place: "nowhere" }, nth: 1, fault: "EIO" };
  return { run: { ...none, end, met: false }, disturbances };
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
