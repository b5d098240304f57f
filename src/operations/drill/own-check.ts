import { ChildError, runChild } from "../../processes/child-process.ts";
import { type DrillCheck, looked, skipped } from "./drill-check.ts";

/** What the application's own check is run with. */
export interface OwnCheckOptions {
  /** `[ngwbackup] drill.command`: program and arguments. */
  command: readonly string[] | undefined;
  timeoutMs: number;
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  signal: AbortSignal;
}

/** Runs the application's own check of the restored instance: exit code 0 is good, any other is not. */
export async function runOwnCheck(options: OwnCheckOptions): Promise<DrillCheck> {
  const check = "drill.command";
  const { command, timeoutMs, env, cwd, signal } = options;
  const [program, ...args] = command ?? [];
  if (program === undefined)
    return skipped(check, "no check of the application's own: drill.command is not configured");
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    await runChild(program, args, { env, cwd, signal: AbortSignal.any([signal, timeout]) });
    return looked(check, `${program} finds nothing wrong`, []);
  } catch (error) {
    signal.throwIfAborted();
    if (timeout.aborted)
      return skipped(
        check,
        `${program} was ended after ${timeoutMs / 1000} s (drill.timeout): it has not said anything`,
      );
    if (!(error instanceof ChildError)) throw error;
    if (error.status === undefined) return skipped(check, `no check of the application's own: ${error.message}`);
    return looked(check, `${program} ended with ${error.status}`, error.stderr.trimEnd().split("\n").slice(-20));
  }
}
