import type { Context } from "../../context.ts";
import { type RunKind, runKinds } from "../../history/run.ts";
import { runChild } from "../../processes/child-process.ts";

/** When a timer runs next. */
export interface NextRun {
  kind: RunKind;
  /** Milliseconds since 1970. */
  at: number;
}

interface ListedTimer {
  unit?: unknown;
  /** Microseconds since 1970. */
  next?: unknown;
}

/**
 * The next runs of our systemd timers, soonest first.
 * @param unitName what the names of our units begin with
 * @returns undefined where there is no systemd, or it does not say
 */
export async function readNextRuns(unitName: string, context: Context): Promise<NextRun[] | undefined> {
  const args = ["list-timers", "--all", "--no-pager", "--output=json", `${unitName}-*.timer`];
  try {
    const { stdout } = await runChild("systemctl", args, { env: context.env, signal: context.signal });
    return parseTimers(stdout, unitName);
  } catch {
    context.signal.throwIfAborted();
    return undefined;
  }
}

/** @throws SyntaxError when it is not what systemctl prints */
export function parseTimers(json: string, unitName: string): NextRun[] {
  const found: NextRun[] = [];
  for (const { unit, next } of JSON.parse(json) as ListedTimer[]) {
    const kind = runKinds.find((name) => unit === `${unitName}-${name}.timer`);
    // One that is stopped has no next time.
    if (kind !== undefined && typeof next === "number" && next > 0) found.push({ kind, at: next / 1000 });
  }
  return found.sort((a, b) => a.at - b.at);
}
