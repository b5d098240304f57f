import { type ChildProcess, spawn } from "node:child_process";
import { stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import { AppError, UsageError, messageOf } from "../../errors.ts";
import { type History, openHistory } from "../../history/history.ts";
import { findRunOf, newestRunId, readRun } from "../../history/read-runs.ts";
import { type Run, hasSucceeded } from "../../history/run.ts";
import { runningLogPath } from "../../history/running-log.ts";
import { hasStarted } from "../../processes/child-process.ts";
import { launcher, launcherEnvironment } from "../../processes/own-program.ts";
import { type RunOwner, describeOwner } from "../../run-owner.ts";
import { type ChildLog, openChildLog } from "./child-log.ts";
import { startedByVariable } from "./record-run.ts";
import { type RunRequest, runArguments } from "./run-arguments.ts";

const pollMs = 50;
/** A program that has not begun its record after so long never will. */
const recordMs = 60_000;
/** What cannot begin mostly says so within that. */
const settleMs = 3_000;

/** Who starts a run, and with which configuration. */
export interface StartOptions {
  settings: Settings;
  /** Those of `--config`. */
  configPaths: readonly string[];
  startedBy: string;
  context: Context;
}

/**
 * Starts a run as a process of its own, with our environment and configuration, which goes on whatever becomes of us.
 * @returns its number, once the history knows it and it is at work
 * @throws AppError with which it ended before; not-recorded when it cannot be told which one it is; UsageError no-state
 */
export async function startRun(request: RunRequest, options: StartOptions): Promise<number> {
  const { settings, context } = options;
  const state = settings.runs.state;
  const history = state === undefined ? undefined : await openHistory(state, context.isRoot);
  if (history === undefined)
    throw new UsageError("no-state", "there is no place for a history, in which the run could be found", {
      hints: ["set state.path in section [ngwbackup] of the configuration"],
    });
  try {
    const log = await openChildLog(history.folder);
    try {
      const after = newestRunId(history);
      const child = await startChild(runArguments(request), log, options);
      return await runOf(child, log, history, after);
    } finally {
      await log.close();
    }
  } finally {
    history.database.close();
  }
}

/** A program of ours that was started. */
interface Started {
  owner: RunOwner;
  /** Its end, once it has ended: null when it was killed. */
  exitCode: number | null | undefined;
}

async function startChild(args: readonly string[], log: ChildLog, options: StartOptions): Promise<Started> {
  const { configPaths, startedBy, context } = options;
  const config = configPaths.flatMap((path) => ["--config", path]);
  const [command = "", ...rest] = args;
  let child: ChildProcess;
  try {
    child = spawn(launcher, [command, "--json", "--quiet", ...config, ...rest], {
      cwd: context.cwd,
      env: { ...context.env, ...(await launcherEnvironment()), [startedByVariable]: startedBy },
      stdio: ["ignore", log.fd, log.fd],
      // A process group of its own: what ends us does not end it.
      detached: true,
    });
    await hasStarted(child);
  } catch (error) {
    throw new AppError("program-failed", `cannot run ${launcher}: ${messageOf(error)}`, { cause: error });
  }
  child.unref();
  const started: Started = { owner: await describeOwner(child.pid ?? 0), exitCode: undefined };
  child.on("error", () => {});
  child.on("exit", (status) => (started.exitCode = status));
  return started;
}

/** Waits until a program that was started is known as a run, and is at work. */
async function runOf(child: Started, log: ChildLog, history: History, after: number): Promise<number> {
  let id: number | undefined;
  for (let waitedMs = 0; waitedMs < recordMs && id === undefined; waitedMs += pollMs) {
    // Before the look, so that nothing it did comes between.
    const { exitCode } = child;
    id = findRunOf(history, child.owner, after);
    if (id !== undefined) break;
    if (exitCode !== undefined) throw await log.readError(exitCode);
    await sleep(pollMs);
  }
  if (id === undefined)
    throw new AppError("not-recorded", `process ${child.owner.pid} was started, and is not in the history`, {
      hints: ["look for it: ngwbackup history"],
    });
  for (let waitedMs = 0; waitedMs < settleMs; waitedMs += pollMs) {
    const run = readRun(history, id);
    if (run === undefined) return id;
    if (run.state !== "running") return endedAs(run);
    const told = await stat(runningLogPath(history.folder, id)).catch(() => undefined);
    if (told !== undefined && told.size > 0) return id;
    await sleep(pollMs);
  }
  return id;
}

/** @throws AppError with which it ended, when it did nothing that it was for */
function endedAs({ id, state, error, exitCode }: Run): number {
  if (hasSucceeded(state) || error === null) return id;
  const hints = (error.hint ?? "").split("\n").filter((line) => line !== "");
  throw new AppError(error.code, error.message, { hints }, exitCode ?? undefined);
}
