import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { AppError } from "../../src/errors.ts";
import type { Program } from "../contestants/contestant.ts";

/** A line of progress of ours, and when it came. */
export interface HeardLine {
  /** Since the program was started. */
  atMs: number;
  stage: string;
  doneBytes: number;
  /** What it says of the rate; undefined: nothing. */
  bytesPerSecond: number | undefined;
  /** What it says of the whole run; undefined: nothing. */
  runLeftMs: number | undefined;
}

/** All that a run said of its progress. */
export interface HeardRun {
  /** In the order in which they came. */
  lines: HeardLine[];
  /** From its start until it had ended. */
  durationMs: number;
}

/**
 * Runs a command of ours with `--json` and notes when each line of progress comes.
 * @throws AppError when the command fails; the signal's reason
 */
export async function listen(
  { argv, env: added }: Program,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<HeardRun> {
  signal.throwIfAborted();
  const [name = "", ...args] = argv;
  const startedMs = performance.now();
  const now = (): number => performance.now() - startedMs;
  const child = spawn(name, [...args, "--json"], {
    env: { ...env, ...added },
    stdio: ["ignore", "pipe", "ignore"],
    signal,
    killSignal: "SIGTERM",
  });
  const closed = once(child, "close").then(now);
  closed.catch(() => {});
  const lines: HeardLine[] = [];
  for await (const text of createInterface({ input: child.stdout })) {
    const atMs = now();
    const event = JSON.parse(text) as Omit<HeardLine, "atMs"> & { type: string };
    if (event.type !== "progress") continue;
    const { stage, doneBytes, bytesPerSecond, runLeftMs } = event;
    lines.push({ atMs, stage, doneBytes, bytesPerSecond, runLeftMs });
  }
  const durationMs = await closed.catch((error: unknown) => {
    signal.throwIfAborted();
    throw error;
  });
  if (child.exitCode !== 0) throw new AppError("bench-progress", `${args[0] ?? name} ended with ${child.exitCode}`);
  return { lines, durationMs };
}
