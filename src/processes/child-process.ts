import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { AppError, messageOf } from "../errors.ts";

/** How a child program is run. There is never a shell in between, and never an input. */
export interface ChildOptions {
  /** The whole environment of the child. */
  env: Readonly<Record<string, string | undefined>>;
  cwd?: string;
  /** Ends the child: SIGTERM, and SIGKILL when it is still there after {@link killAfterMs}. */
  signal?: AbortSignal;
  /** Time between SIGTERM and SIGKILL; 30 s when left out. */
  killAfterMs?: number;
  /** The program in messages; its path and arguments when left out. */
  label?: string;
  /** Where the child's stdout goes as it comes; kept in the result when left out. Stays open. */
  stdout?: Writable;
  /** Where the child's stderr goes as it comes; only its end is kept in the result in any case. Stays open. */
  stderr?: Writable;
}

/** What a child that ended well left behind. */
export interface ChildResult {
  /** What it printed, when it was not sent elsewhere. */
  stdout: string;
  /** The end of what it printed. */
  stderr: string;
}

/** A child program could not be started, failed, or was killed by somebody else (exit 1). */
export class ChildError extends AppError {
  /** Exit status of the child; undefined when a signal ended it or it did not start. */
  readonly status: number | undefined;
  /** Signal that ended the child. */
  readonly killedBy: NodeJS.Signals | undefined;
  /** The end of what it printed to stderr. */
  readonly stderr: string;

  constructor(
    message: string,
    options: {
      status?: number;
      killedBy?: NodeJS.Signals;
      stderr?: string;
      cause?: unknown;
      details?: readonly string[];
    },
  ) {
    super("program-failed", message, options);
    this.status = options.status;
    this.killedBy = options.killedBy;
    this.stderr = options.stderr ?? "";
  }
}

/** A program that prints more than this into our memory is not one of those that are run here. */
const maxKeptBytes = 64 * 1024 * 1024;
const keptStderrBytes = 16 * 1024;
const shownStderrLines = 20;

/**
 * Runs a program to its end.
 * @returns once it ended with status 0 and all its output was passed on
 * @throws ChildError when it cannot be started, ends with another status or by a signal
 * @throws the signal's reason when it was aborted, after the child is gone
 */
export async function runChild(path: string, args: readonly string[], options: ChildOptions): Promise<ChildResult> {
  const { signal, killAfterMs = 30_000, label = [path, ...args].join(" ") } = options;
  signal?.throwIfAborted();
  const child = spawn(path, args, {
    env: { ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  await hasStarted(child).catch((error: unknown) => {
    throw new ChildError(`cannot run ${label}: ${messageOf(error)}`, { cause: error });
  });
  let killTimer: NodeJS.Timeout | undefined;
  const abort = (): void => {
    child.kill("SIGTERM");
    killTimer = setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  };
  signal?.addEventListener("abort", abort, { once: true });

  const kept: Buffer[] = [];
  let keptBytes = 0;
  let stderr: Buffer = Buffer.alloc(0);
  let tooMuch = false;
  child.stderr.on("data", (chunk: Buffer) => {
    stderr = Buffer.concat([stderr, chunk]).subarray(-keptStderrBytes);
  });
  if (options.stderr !== undefined) passOn(child.stderr, options.stderr);
  if (options.stdout === undefined)
    child.stdout.on("data", (chunk: Buffer) => {
      keptBytes += chunk.length;
      if (keptBytes <= maxKeptBytes) kept.push(chunk);
      else if (!tooMuch) {
        tooMuch = true;
        child.kill("SIGTERM");
      }
    });
  else passOn(child.stdout, options.stdout);

  try {
    const end = await new Promise<{ status: number | null; killedBy: NodeJS.Signals | null }>((resolve) => {
      // Emitted when a signal cannot be sent: then the end is still to come.
      child.on("error", () => {});
      child.on("close", (status, killedBy) => resolve({ status, killedBy }));
    });
    signal?.throwIfAborted();
    const stderrText = stderr.toString("utf8");
    if (tooMuch) throw new ChildError(`${label} printed more than ${maxKeptBytes} bytes`, { stderr: stderrText });
    if (end.status === 0) return { stdout: Buffer.concat(kept).toString("utf8"), stderr: stderrText };
    const how = end.status === null ? `was ended by ${end.killedBy}` : `failed with exit status ${end.status}`;
    throw new ChildError(`${label} ${how}`, {
      ...(end.status === null ? {} : { status: end.status }),
      ...(end.killedBy === null ? {} : { killedBy: end.killedBy }),
      stderr: stderrText,
      // What was shown already need not be shown twice.
      details: options.stderr === undefined ? lastLines(stderrText) : [],
    });
  } finally {
    clearTimeout(killTimer);
    signal?.removeEventListener("abort", abort);
  }
}

/**
 * Settles when it is known whether a child was started: one that was not has no streams either, where the limit of open files
 * is to blame.
 * @throws the system's error
 */
export async function hasStarted(child: ChildProcess): Promise<void> {
  if (child.pid !== undefined) return;
  const [error] = await once(child, "error");
  throw error;
}

/** A sink that goes away must not stop the child half-way: its output is dropped from then on. */
function passOn(source: Readable, sink: Writable): void {
  source.pipe(sink, { end: false });
  const drop = (): void => {
    source.unpipe(sink);
    source.resume();
  };
  sink.once("close", drop);
  sink.once("error", drop);
  source.once("close", () => {
    sink.off("close", drop);
    sink.off("error", drop);
  });
}

function lastLines(text: string): string[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .slice(-shownStderrLines);
}
