import type { Run, RunState } from "../../history/run.ts";
import type { LookBack } from "../runs/look-back.ts";

/** A run that has looked at an archive, and what it said of that one. */
export interface Judgement {
  run: Run;
  state: RunState;
}

/** An archive as the history knows it. */
export interface JudgedArchive {
  path: string;
  /** When it was last written: what was said of another one of its name before does not hold for it. */
  modifiedAt: number;
}

/** What the history says of archives. */
export interface ArchiveHistory {
  /** The newest verify that has ended. */
  verified(archive: JudgedArchive): Judgement | undefined;
  /** The newest drill that has ended. */
  drilled(archive: JudgedArchive): Judgement | undefined;
  /** The run that wrote it. */
  writtenBy(path: string): Run | undefined;
}

const mostRuns = 2000;
const ended = ["done", "losses", "failed", "refused", "damaged", "busy", "interrupted"] as const;

/** A clock that is not quite the same, as of a file server. */
const clockSkewMs = 5_000;

/** Gathers what the history says of archives. */
export function readArchiveHistory(look: LookBack): ArchiveHistory {
  const verified = new Map<string, Judgement>();
  const drilled = new Map<string, Judgement>();
  const written = new Map<string, Run>();
  // Newest first, so that the first word on an archive counts.
  const put = <T>(map: Map<string, T>, path: string, value: T): void => {
    if (!map.has(path)) map.set(path, value);
  };
  for (const run of look.runs({ kind: "verify", states: ended, limit: mostRuns }))
    for (const [index, path] of pathsOf(run).entries()) put(verified, path, { run, state: verdictOn(run, index) });
  for (const run of look.runs({ kind: "drill", states: ended, limit: mostRuns }))
    for (const path of pathsOf(run)) put(drilled, path, { run, state: run.state });
  for (const run of look.runs({ kind: "backup", states: ["done", "losses"], limit: mostRuns }))
    for (const path of pathsOf(run)) put(written, path, run);
  const holds = (judgement: Judgement | undefined, { modifiedAt }: JudgedArchive): Judgement | undefined =>
    judgement !== undefined && judgement.run.startedAt >= modifiedAt - clockSkewMs ? judgement : undefined;
  return {
    verified: (archive) => holds(verified.get(archive.path), archive),
    drilled: (archive) => holds(drilled.get(archive.path), archive),
    writtenBy: (path) => written.get(path),
  };
}

function pathsOf({ subject }: Run): string[] {
  return subject?.split("\n") ?? [];
}

/** A verify of several archives ends as the worst of them does. */
function verdictOn({ state, summary }: Run, index: number): RunState {
  const results = summary?.["archives"];
  const result: unknown = Array.isArray(results) ? results[index] : undefined;
  if (typeof result !== "object" || result === null || !("ok" in result)) return state;
  return result.ok === true ? "done" : "damaged";
}
