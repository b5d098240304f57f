import type { LogLine, Run, RunNews, RunProgress, RunStage } from "../../history/run.ts";
import type * as api from "../api/runs.ts";

/** A run as the API has it. @param progress of one that runs */
export function runRow(run: Run, progress?: RunProgress): api.RunRow {
  const { id, kind, state, startedAt, endedAt, exitCode, subject, sizeBytes, losses, error, version, host } = run;
  // Of one that was killed nobody knows when it ended.
  const wasKilled = state === "interrupted" && exitCode === null;
  const recoveryMs = run.summary?.["recoveryMs"];
  return {
    id,
    kind,
    state,
    startedAt: momentOf(startedAt),
    endedAt: endedAt === null ? null : momentOf(endedAt),
    durationMs: endedAt === null || wasKilled ? null : endedAt - startedAt,
    exitCode,
    subjects: subject === null ? [] : subject.split("\n"),
    sizeBytes,
    losses,
    error: error === null ? null : { code: error.code, message: error.message, hints: hintLines(error.hint) },
    recoveryMs: typeof recoveryMs === "number" ? recoveryMs : null,
    version,
    host,
    startedBy: run.startedBy,
    progress: state === "running" ? (progress ?? null) : null,
  };
}

/** A run with all that it has told. */
export function runDetail(run: Run, news: RunNews & { progress?: RunProgress | undefined }): api.RunDetail {
  return {
    run: runRow(run, news.progress),
    stages: news.stages.map(stageRow),
    log: news.lines.map(lineRow),
    summary: run.summary === null ? null : { ...run.summary },
  };
}

/** A stage as the API has it. */
export function stageRow({ name, startedAt, durationMs, bytes }: RunStage): api.RunStage {
  return { name, startedAt: momentOf(startedAt), durationMs, bytes };
}

/** A line of a log as the API has it. */
export function lineRow({ at, level, text }: LogLine): api.LogLine {
  return { at: momentOf(at), level, text };
}

/** The hint of an error, a step each. */
export function hintLines(hint: string | null): string[] {
  return (hint ?? "").split("\n").filter((line) => line !== "");
}

/** @param ms since 1970 */
export function momentOf(ms: number): string {
  return new Date(ms).toISOString();
}
