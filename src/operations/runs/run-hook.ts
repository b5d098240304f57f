import type { HookSettings } from "../../config/run-options.ts";
import type { Context } from "../../context.ts";
import { AppError, RefusedError } from "../../errors.ts";
import { runLimited } from "../../processes/limited-program.ts";
import type { Reporter } from "../../progress.ts";
import { type RunFacts, environmentOf } from "./run-facts.ts";

/** When a hook runs. */
export type HookEvent = "before" | "after" | "on-error";

const options = { before: "hook.before", after: "hook.after", "on-error": "hook.on_error" } as const;

/** In the environment of every hook; what a hook itself starts runs none. */
const eventVariable = "NGWBACKUP_EVENT";

const shownLines = 20;

/**
 * Runs the hook of an event, if there is one.
 * @param facts what it is told: in its environment, and as JSON on its stdin
 * @throws RefusedError hook-failed when `before` fails; the others only warn
 * @throws the signal's reason when that ended `before`; the others are not ended by it
 */
export async function runHook(
  event: HookEvent,
  hooks: HookSettings,
  facts: RunFacts,
  context: Context,
  reporter: Reporter,
): Promise<void> {
  const words = event === "before" ? hooks.before : event === "after" ? hooks.after : hooks.onError;
  if (words === undefined || context.env[eventVariable] !== undefined) return;
  try {
    const { status, timedOut, output } = await runLimited(words, {
      env: { ...context.env, ...environmentOf(facts), [eventVariable]: event },
      cwd: context.cwd,
      input: `${JSON.stringify({ event, ...facts })}\n`,
      timeoutMs: hooks.timeoutMs,
      ...(event === "before" ? { signal: context.signal } : {}),
    });
    const lines = output.split(/\r?\n/).filter((line) => line.trim() !== "");
    if (status === 0) {
      for (const line of lines.slice(-shownLines))
        reporter.report({ type: "message", message: `${options[event]}: ${line}` });
      return;
    }
    const how = timedOut
      ? `was ended after ${hooks.timeoutMs / 1000} s (hook.timeout)`
      : status === undefined
        ? "was killed"
        : `failed with exit status ${status}`;
    throw new AppError("hook-failed", `${options[event]} ${how}: ${words[0]}`, { details: lines.slice(-shownLines) });
  } catch (error) {
    if (!(error instanceof AppError) || (event === "before" && context.signal.aborted)) throw error;
    const { message, details } = error;
    if (event !== "before") {
      reporter.report({ type: "warning", code: "hook-failed", message, details });
      return;
    }
    throw new RefusedError("hook-failed", message, {
      cause: error,
      details,
      hints: ["nothing was touched; mend it, or take hook.before out of section [ngwbackup]"],
    });
  }
}
