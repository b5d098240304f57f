import { AppError } from "../../errors.ts";
import { runLimited } from "../../processes/limited-program.ts";
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

/** By which coreutils' `timeout`, and shells, say that a program cannot be started. */
const notStarted = [125, 126, 127];

/** Runs the application's own check of the restored instance: exit code 0 is good, any other is not. */
export async function runOwnCheck(options: OwnCheckOptions): Promise<DrillCheck> {
  const check = "drill.command";
  const { command, timeoutMs, env, cwd, signal } = options;
  const [program] = command ?? [];
  if (command === undefined || program === undefined)
    return skipped(check, "no check of the application's own: drill.command is not configured");
  const end = await runLimited(command, { env, cwd, input: "", timeoutMs, signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    if (!(error instanceof AppError)) throw error;
    return error.message;
  });
  if (typeof end === "string") return skipped(check, `no check of the application's own: ${end}`);
  const { status, timedOut, output } = end;
  const lines = output.trimEnd().split("\n").slice(-20);
  if (status === 0) return looked(check, `${program} finds nothing wrong`, []);
  if (timedOut)
    return skipped(check, `${program} was ended after ${timeoutMs / 1000} s (drill.timeout): it has not said anything`);
  if (status === undefined) return skipped(check, `${program} was killed: it has not said anything`);
  if (notStarted.includes(status)) return skipped(check, `${program} cannot be run: ${lines.at(-1) ?? ""}`);
  return looked(check, `${program} ended with ${status}`, lines);
}
