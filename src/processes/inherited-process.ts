import { spawn } from "node:child_process";
import { constants } from "node:os";
import { AppError, messageOf } from "../errors.ts";

/** How a program is run that takes our place. */
export interface InheritedOptions {
  /** The whole environment of the program. */
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  /** Aborted when we are asked to stop; the program is asked then, and its end is awaited. */
  signal: AbortSignal;
  /** Whether a terminal is on stdin: its Ctrl-C reaches the program by itself, and must not come twice. */
  fromTerminal: boolean;
}

/**
 * Runs a program with our own stdin, stdout and stderr, to its end.
 * @returns its exit code; 128 and the signal's number when a signal ended it, as shells have it
 * @throws AppError when it cannot be started
 */
export function runInherited(path: string, args: readonly string[], options: InheritedOptions): Promise<number> {
  const { env, cwd, signal, fromTerminal } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, { env: { ...env }, cwd, stdio: "inherit" });
    const forward = (): void => {
      const reason: unknown = signal.reason;
      const interrupted = reason instanceof AppError && reason.exitCode === 128 + constants.signals.SIGINT;
      if (!interrupted) child.kill("SIGTERM");
      else if (!fromTerminal) child.kill("SIGINT");
    };
    if (signal.aborted) forward();
    else signal.addEventListener("abort", forward, { once: true });
    child.on("error", (error) => {
      // Also emitted when a signal cannot be sent: then the end is still to come.
      if (child.pid !== undefined) return;
      signal.removeEventListener("abort", forward);
      reject(new AppError("program-not-started", `cannot run ${path}: ${messageOf(error)}`, { cause: error }));
    });
    child.on("close", (status, killedBy) => {
      signal.removeEventListener("abort", forward);
      resolve(status ?? 128 + constants.signals[killedBy ?? "SIGTERM"]);
    });
  });
}
