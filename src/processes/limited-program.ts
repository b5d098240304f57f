import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { AppError, messageOf } from "../errors.ts";
import { hasStarted } from "./child-process.ts";

/** How a program with a time limit is run. There is never a shell in between. */
export interface LimitedOptions {
  /** The whole environment of the program. */
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  /** Given to it on its stdin. */
  input: string;
  timeoutMs: number;
  /** Ends it before its time. */
  signal?: AbortSignal;
}

/** How it ended. */
export interface LimitedEnd {
  /** Undefined when it was given no more time, or killed. */
  status: number | undefined;
  timedOut: boolean;
  /** The end of what it printed, stdout and stderr as they came. */
  output: string;
}

const keptBytes = 16 * 1024;

/** What it leaves behind may keep its streams open. */
const drainMs = 500;

/** Between SIGTERM and SIGKILL. */
const killAfterS = 5;

/** By which coreutils' `timeout` says that it had to end the program, and then that it had to kill it. */
const timeoutStatuses = [124, 137];

/**
 * Runs a program to its end, or ends it and what it has started when its time is over: coreutils' `timeout` makes a process
 * group of them.
 * @throws AppError program-failed when it cannot be started
 * @throws the signal's reason when that ended it
 */
export async function runLimited(words: readonly string[], options: LimitedOptions): Promise<LimitedEnd> {
  const { env, cwd, input, timeoutMs, signal } = options;
  signal?.throwIfAborted();
  const startedMs = performance.now();
  const limit = [`--kill-after=${killAfterS}`, String(timeoutMs / 1000)];
  let child: ChildProcessWithoutNullStreams;
  try {
    // Throws by itself for some reasons, an environment that is too large for example.
    child = spawn("timeout", [...limit, ...words], { env: { ...env }, cwd, stdio: ["pipe", "pipe", "pipe"] });
    await hasStarted(child);
  } catch (error) {
    throw new AppError("program-failed", `cannot run ${words[0]}: ${messageOf(error)}`, { cause: error });
  }
  let output: Buffer = Buffer.alloc(0);
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      output = Buffer.concat([output, chunk]).subarray(-keptBytes);
    });
  // It need not read what it is given.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const abort = (): void => void child.kill("SIGTERM");
  signal?.addEventListener("abort", abort, { once: true });
  try {
    const status = await new Promise<number | null>((resolve) => {
      child.on("error", () => {});
      child.on("close", (code) => resolve(code));
      child.on("exit", (code) => setTimeout(() => resolve(code), drainMs).unref());
    });
    signal?.throwIfAborted();
    const isOver = performance.now() - startedMs >= timeoutMs;
    const timedOut = isOver && status !== null && timeoutStatuses.includes(status);
    return { status: timedOut ? undefined : (status ?? undefined), timedOut, output: output.toString("utf8") };
  } finally {
    signal?.removeEventListener("abort", abort);
    child.stdout.destroy();
    child.stderr.destroy();
  }
}
