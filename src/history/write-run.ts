import type { History } from "./history.ts";
import type { EndedRun, RunNews, StartedRun } from "./run.ts";
import { inTransaction } from "../state/state-database.ts";

/**
 * Notes that a run has begun.
 * @param keptFrom runs that began before are forgotten, milliseconds since 1970
 * @returns its number
 */
export function startRun({ database }: History, run: StartedRun, keptFrom: number): number {
  return inTransaction(database, () => {
    database.prepare("DELETE FROM run WHERE started_at < ?").run(keptFrom);
    const { lastInsertRowid } = database
      .prepare(
        `INSERT INTO run (kind, state, started_at, subject, version, host, owner, started_by)
         VALUES (?, 'running', ?, ?, ?, ?, ?, ?)`,
      )
      .run(run.kind, run.startedAt, run.subject, run.version, run.host, JSON.stringify(run.owner), run.startedBy);
    return Number(lastInsertRowid);
  });
}

/** Notes how a run ended, with all that it told. */
export function endRun({ database }: History, id: number, run: EndedRun, news: RunNews): void {
  inTransaction(database, () => {
    const { changes } = database
      .prepare(
        `UPDATE run SET state = ?, ended_at = ?, exit_code = ?, subject = coalesce(?, subject), size_bytes = ?, losses = ?,
                        error = ?, summary = ?, free_bytes = ? WHERE id = ?`,
      )
      .run(
        run.state,
        run.endedAt,
        run.exitCode,
        run.subject,
        run.sizeBytes,
        run.losses,
        jsonOrNull(run.error),
        jsonOrNull(run.summary),
        run.freeBytes,
        id,
      );
    // Another run, whose clock is ahead, may have forgotten this one.
    if (changes === 0) return;
    for (const table of ["stage", "line"]) database.prepare(`DELETE FROM ${table} WHERE run_id = ?`).run(id);
    const stage = database.prepare("INSERT INTO stage VALUES (?, ?, ?, ?, ?, ?)");
    for (const [position, { name, startedAt, durationMs, bytes }] of news.stages.entries())
      stage.run(id, position, name, startedAt, durationMs === null ? null : Math.round(durationMs), bytes);
    const line = database.prepare("INSERT INTO line VALUES (?, ?, ?, ?, ?)");
    for (const [position, { at, level, text }] of news.lines.entries()) line.run(id, position, at, level, text);
  });
}

function jsonOrNull(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}
