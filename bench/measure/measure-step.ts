import { spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { AppError } from "../../src/errors.ts";
import type { Step } from "../contestants/contestant.ts";

/** What a step took, over all its processes; the server is not among them. */
export interface StepUsage {
  wallMs: number;
  userCpuMs: number;
  systemCpuMs: number;
  /** Largest sum of the resident memory (RSS) of all its processes, looked at every 20 ms. */
  peakMemoryBytes: number;
  /** Read from disks, not from the page cache. */
  diskReadBytes: number;
  /** Pages given to file systems to be written (`write_bytes` of /proc). */
  diskWrittenBytes: number;
  /** Asked for by read calls, from files and pipes (`rchar`). */
  readCallBytes: number;
  /** Handed to write calls, to files and pipes (`wchar`). */
  writeCallBytes: number;
}

/** How a step is run. */
export interface MeasureOptions {
  /** Cores as taskset takes them (`0`, `0,1`, `0-3`); all when left out. */
  cores: string | undefined;
  env: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
  /** File that takes what programs print. */
  logPath: string;
}

const runnerPath = join(import.meta.dirname, "runner.py");

/**
 * Runs a step under a small program that measures it, waits until all its programs have ended, and returns what they took.
 * @throws AppError when a program fails, with the end of what was printed
 */
export async function measureStep(step: Step, options: MeasureOptions): Promise<StepUsage> {
  const { cores, env, signal, logPath } = options;
  signal.throwIfAborted();
  const runner = ["python3", runnerPath];
  const [program, ...args] = cores === undefined ? runner : ["taskset", "-c", cores, ...runner];
  const log = await open(logPath, "w");
  // A group of its own, so that all its programs can be stopped at once.
  const child = spawn(program as string, args, { env: { ...env }, detached: true, stdio: ["pipe", "pipe", log.fd] });
  const stopped = stopOnAbort(child.pid, signal);
  try {
    child.stdin?.end(JSON.stringify(step));
    const [printed] = await Promise.all([text(child.stdout as NodeJS.ReadableStream), once(child, "close")]);
    signal.throwIfAborted();
    if (child.exitCode !== 0) throw await stepError(`the runner ended with ${child.exitCode}`, logPath);
    const { failures, ...usage } = JSON.parse(printed) as StepUsage & { failures: string[] };
    if (failures.length > 0) throw await stepError(failures.join(", "), logPath);
    return usage;
  } finally {
    stopped.forget();
    await log.close();
  }
}

function stopOnAbort(pid: number | undefined, signal: AbortSignal): { forget(): void } {
  let impatient: NodeJS.Timeout | undefined;
  const kill = (name: NodeJS.Signals): void => {
    try {
      if (pid !== undefined) process.kill(-pid, name);
    } catch {
      // All of them are gone.
    }
  };
  const onAbort = (): void => {
    kill("SIGTERM");
    impatient = setTimeout(() => kill("SIGKILL"), 5000);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  return {
    forget() {
      // The runner itself goes at SIGTERM; what it had started may still be at it.
      if (signal.aborted) kill("SIGKILL");
      clearTimeout(impatient);
      signal.removeEventListener("abort", onAbort);
    },
  };
}

async function stepError(message: string, logPath: string): Promise<AppError> {
  const printed = (await readFile(logPath, "utf8")).trimEnd().split("\n");
  return new AppError("bench-step", message, { details: printed.slice(-12) });
}
