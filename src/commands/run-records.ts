import type { Run, RunStage } from "../history/run.ts";

/** A run as `--json` shows it: moments as RFC 3339, spans in milliseconds, sizes in bytes. */
export function runRecord({ startedAt, endedAt, ...run }: Run): Record<string, unknown> {
  return {
    ...run,
    startedAt: new Date(startedAt).toISOString(),
    endedAt: endedAt === null ? null : new Date(endedAt).toISOString(),
    durationMs: endedAt === null || wasKilled(run) ? null : endedAt - startedAt,
  };
}

/** A stage likewise. */
export function stageRecord({ startedAt, ...stage }: RunStage): Record<string, unknown> {
  return { ...stage, startedAt: new Date(startedAt).toISOString() };
}

/** Nobody knows when it ended. */
function wasKilled({ state, exitCode }: Pick<Run, "state" | "exitCode">): boolean {
  return state === "interrupted" && exitCode === null;
}
