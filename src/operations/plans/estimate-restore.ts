import type { Run } from "../../history/run.ts";
import type { LookBack } from "../runs/look-back.ts";

/**
 * How long a restore would take, by the newest drill or restore that succeeded: what the drill worked out for the instance's own
 * server, else what it took.
 * @returns milliseconds; undefined when there was none
 */
export function estimateRestore(look: LookBack): number | undefined {
  const newest = (["drill", "restore"] as const)
    .flatMap((kind) => look.runs({ kind, states: ["done"], limit: 1 }))
    .toSorted((a, b) => b.startedAt - a.startedAt)[0];
  return newest === undefined ? undefined : durationOf(newest);
}

function durationOf({ kind, summary, startedAt, endedAt }: Run): number | undefined {
  if (kind === "restore") return endedAt === null ? undefined : endedAt - startedAt;
  const { estimateMs, recoveryMs } = summary ?? {};
  return [estimateMs, recoveryMs].find((ms) => typeof ms === "number");
}
