import type { SQLOutputValue } from "node:sqlite";
import type { History } from "./history.ts";
import type { LogLine, Run, RunError, RunKind, RunNews, RunStage, RunState } from "./run.ts";

/** Which runs are wanted. */
export interface RunFilter {
  kind?: RunKind | undefined;
  states?: readonly RunState[];
  /** At most so many, the newest. */
  limit: number;
}

type Row = Record<string, SQLOutputValue>;

/** Runs, newest first. */
export function readRuns({ database }: History, { kind, states, limit }: RunFilter): Run[] {
  const conditions = [
    ...(kind === undefined ? [] : ["kind = ?"]),
    ...(states === undefined ? [] : [`state IN (${states.map(() => "?").join(", ")})`]),
  ];
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  const values = [...(kind === undefined ? [] : [kind]), ...(states ?? []), limit];
  return database
    .prepare(`SELECT * FROM run ${where} ORDER BY id DESC LIMIT ?`)
    .all(...values)
    .map(runOf);
}

/** One run; undefined when there is none of that number. */
export function readRun({ database }: History, id: number): Run | undefined {
  const row = database.prepare("SELECT * FROM run WHERE id = ?").get(id);
  return row === undefined ? undefined : runOf(row);
}

/** Stages and log of a run that has ended. */
export function readNews({ database }: History, id: number): RunNews {
  const stages = database.prepare("SELECT * FROM stage WHERE run_id = ? ORDER BY position").all(id);
  const lines = database.prepare("SELECT * FROM line WHERE run_id = ? ORDER BY position").all(id);
  return {
    stages: stages.map((row): RunStage => ({
      name: String(row["name"]),
      startedAt: Number(row["started_at"]),
      durationMs: numberOrNull(row["duration_ms"]),
      bytes: Number(row["bytes"]),
    })),
    lines: lines.map((row): LogLine => ({
      at: Number(row["at"]),
      level: String(row["level"]) as LogLine["level"],
      text: String(row["text"]),
    })),
  };
}

function runOf(row: Row): Run {
  return {
    id: Number(row["id"]),
    kind: String(row["kind"]) as RunKind,
    state: String(row["state"]) as RunState,
    startedAt: Number(row["started_at"]),
    endedAt: numberOrNull(row["ended_at"]),
    exitCode: numberOrNull(row["exit_code"]),
    subject: textOrNull(row["subject"]),
    sizeBytes: numberOrNull(row["size_bytes"]),
    losses: Number(row["losses"]),
    error: parsedOrNull(row["error"]) as RunError | null,
    summary: parsedOrNull(row["summary"]) as Run["summary"],
    freeBytes: numberOrNull(row["free_bytes"]),
    version: String(row["version"]),
    host: String(row["host"]),
  };
}

function numberOrNull(value: SQLOutputValue | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}

function textOrNull(value: SQLOutputValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}

function parsedOrNull(value: SQLOutputValue | undefined): unknown {
  return typeof value === "string" ? (JSON.parse(value) as unknown) : null;
}
