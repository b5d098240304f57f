import type { SQLOutputValue } from "node:sqlite";
import type { History } from "./history.ts";
import { type RunOwner, parseOwner } from "../run-owner.ts";
import type { LogLine, Run, RunError, RunKind, RunNews, RunStage, RunState } from "./run.ts";

/** Which runs are wanted. */
export interface RunFilter {
  kind?: RunKind | undefined;
  states?: readonly RunState[];
  /** Only those that began before the run of this number. */
  before?: number | undefined;
  /** Only those that began at this moment or later, milliseconds since 1970. */
  since?: number | undefined;
  /** At most so many, the newest. */
  limit: number;
}

type Row = Record<string, SQLOutputValue>;

/**
 * Runs, newest first.
 * @param interrupted numbers of those whose end without a word nobody has noted yet: they count as interrupted
 */
export function readRuns(
  { database }: History,
  { kind, states, before, since, limit }: RunFilter,
  interrupted: readonly number[] = [],
): Run[] {
  const marks = (values: readonly unknown[]): string => values.map(() => "?").join(", ");
  const conditions: string[] = [];
  const values: (string | number)[] = [];
  if (kind !== undefined) {
    conditions.push("kind = ?");
    values.push(kind);
  }
  if (states !== undefined) {
    // A comparison with the column itself, which has an index for those that run.
    const ofNoted = `state IN (${marks(states)}) AND id NOT IN (${marks(interrupted)})`;
    values.push(...states, ...interrupted);
    if (states.includes("interrupted")) {
      conditions.push(`(${ofNoted} OR id IN (${marks(interrupted)}))`);
      values.push(...interrupted);
    } else conditions.push(ofNoted);
  }
  if (before !== undefined) {
    conditions.push("id < ?");
    values.push(before);
  }
  if (since !== undefined) {
    conditions.push("started_at >= ?");
    values.push(since);
  }
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  const runs = database
    .prepare(`SELECT * FROM run ${where} ORDER BY id DESC LIMIT ?`)
    .all(...values, limit)
    .map(runOf);
  return runs.map((run) => (interrupted.includes(run.id) ? { ...run, state: "interrupted" } : run));
}

/** Those that have not ended, as far as it was noted, oldest first; a look that costs next to nothing. */
export function readRunning({ database }: History): Run[] {
  return database.prepare("SELECT * FROM run WHERE state = 'running' ORDER BY id").all().map(runOf);
}

/** The process that does a run; undefined when there is no such run, or it cannot be told. */
export function readRunOwner({ database }: History, id: number): RunOwner | undefined {
  const row = database.prepare("SELECT owner FROM run WHERE id = ?").get(id);
  return row === undefined ? undefined : parseOwner(String(row["owner"]));
}

/** One run; undefined when there is none of that number. */
export function readRun({ database }: History, id: number): Run | undefined {
  const row = database.prepare("SELECT * FROM run WHERE id = ?").get(id);
  return row === undefined ? undefined : runOf(row);
}

/** Number of the newest run; 0 when there is none. */
export function newestRunId({ database }: History): number {
  return Number(database.prepare("SELECT max(id) AS newest FROM run").get()?.["newest"] ?? 0);
}

/** The run that a process does, or has done. @param after only later ones, by number */
export function findRunOf({ database }: History, owner: RunOwner, after: number): number | undefined {
  const rows = database.prepare("SELECT id, owner FROM run WHERE id > ? ORDER BY id DESC").all(after);
  const found = rows.find((row) => {
    const { pid, bootId, startTicks } = parseOwner(String(row["owner"])) ?? {};
    return pid === owner.pid && bootId === owner.bootId && startTicks === owner.startTicks;
  });
  return found === undefined ? undefined : Number(found["id"]);
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
    startedBy: textOrNull(row["started_by"]),
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
