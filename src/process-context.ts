import type { Context } from "./context.ts";
import { AppError, ExitCode } from "./errors.ts";

/**
 * The context of the running program. The first Ctrl-C or SIGTERM aborts its signal, a second one ends the program at
 * once; a reader of stdout that goes away aborts it too.
 */
export function processContext(process: NodeJS.Process): Context {
  const abort = new AbortController();
  const onSignal = (name: "SIGINT" | "SIGTERM" | "SIGHUP"): void => {
    const exitCode = name === "SIGINT" ? ExitCode.interrupted : ExitCode.terminated;
    if (abort.signal.aborted) process.exit(exitCode);
    const message = name === "SIGINT" ? "interrupted" : `ended by ${name}`;
    abort.abort(new AppError(name === "SIGINT" ? "interrupted" : "terminated", message, {}, exitCode));
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => onSignal(name));
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    const reason = error.code === "EPIPE" ? "its reader went away" : error.message;
    abort.abort(new AppError("stdout", `stdout cannot be written: ${reason}`, { cause: error }));
  });
  // Nobody is left to be told.
  process.stderr.on("error", () => {});
  // Our own word between launcher and program, not for the programs that we start.
  const { NGWBACKUP_CALLED_AS: calledAs = "ngwbackup", ...env } = process.env;
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env,
    cwd: process.cwd(),
    calledAs,
    pid: process.pid,
    isRoot: process.geteuid?.() === 0,
    now: () => new Date(),
    signal: abort.signal,
  };
}
