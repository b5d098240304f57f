import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { Context } from "../../context.ts";
import { AppError, messageOf } from "../../errors.ts";
import type { RunProgress } from "../../history/run.ts";
import { hasStarted } from "../../processes/child-process.ts";
import { launcher, launcherEnvironment } from "../../processes/own-program.ts";
import { childError, parseRecord } from "./child-log.ts";

/** How a program of ours that changes nothing is run. */
export interface DryRunOptions {
  /** The command and its arguments, without the common ones. */
  args: readonly string[];
  /** Those of `--config`. */
  configPaths: readonly string[];
  context: Context;
  /** Ends it before its time. */
  signal: AbortSignal;
  onProgress(progress: RunProgress): void;
}

/** Lines that are kept for an error. */
const keptLines = 50;
const longestLine = 4 * 1024 * 1024;

/**
 * Runs a program of ours in a process of its own, which ends with us.
 * @returns its summary
 * @throws AppError with which it ended, or that it cannot be run; the signal's reason
 */
export async function dryRun(options: DryRunOptions): Promise<Record<string, unknown>> {
  const { args, configPaths, context, signal } = options;
  signal.throwIfAborted();
  const [command = "", ...rest] = args;
  const config = configPaths.flatMap((path) => ["--config", path]);
  let child: ChildProcessByStdio<null, Readable, Readable>;
  try {
    child = spawn(launcher, [command, "--json", ...config, ...rest], {
      cwd: context.cwd,
      env: { ...context.env, ...(await launcherEnvironment()) },
      stdio: ["ignore", "pipe", "pipe"],
    });
    await hasStarted(child);
  } catch (error) {
    throw new AppError("program-failed", `cannot run ${launcher}: ${messageOf(error)}`, { cause: error });
  }
  const abort = (): void => void child.kill("SIGTERM");
  signal.addEventListener("abort", abort, { once: true });
  const lines: string[] = [];
  let summary: Record<string, unknown> | undefined;
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line.length > longestLine) return;
    const record = parseRecord(line);
    if (record?.["type"] === "progress") return options.onProgress(progressOf(record));
    if (record?.["type"] === "summary") summary = record;
    keep(lines, line);
  });
  createInterface({ input: child.stderr }).on("line", (line) => keep(lines, line));
  try {
    const exitCode = await new Promise<number | null>((resolve) => {
      // Emitted when a signal cannot be sent: then the end is still to come.
      child.on("error", () => {});
      child.on("close", (status) => resolve(status));
    });
    signal.throwIfAborted();
    if (summary !== undefined) return summary;
    throw childError(lines.join("\n"), exitCode);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function keep(lines: string[], line: string): void {
  lines.push(line);
  if (lines.length > keptLines) lines.shift();
}

function progressOf(record: Readonly<Record<string, unknown>>): RunProgress {
  const number = (name: string): number | null => {
    const value = record[name];
    return typeof value === "number" ? value : null;
  };
  return {
    stage: String(record["stage"]),
    doneBytes: number("doneBytes") ?? 0,
    totalBytes: number("totalBytes"),
    bytesPerSecond: number("bytesPerSecond"),
    leftMs: number("runLeftMs"),
  };
}
