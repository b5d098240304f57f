import { type Static, Type } from "typebox";
import { Finding, Moment, RunKind, nullable } from "./common.ts";
import { RunRow } from "./runs.ts";

/** `GET /api/overview`: how things stand. The page makes its sentence of it, worst finding first. */
export const Overview = Type.Object({
  at: Moment,
  instance: Type.Object({ name: Type.String(), host: Type.String(), version: Type.String() }),
  /** `backup`, `backup-failed`, `verify`, `verify-failed`, `drill`, `drill-failed`, `room`, `next`. */
  findings: Type.Array(Finding),
  maxAgeMs: Type.Number(),
  lastBackup: nullable(
    Type.Object({
      at: Moment,
      path: Type.String(),
      /** Null when it is not in a configured place, or is gone. */
      archiveId: nullable(Type.String()),
      sizeBytes: nullable(Type.Number()),
      losses: Type.Integer(),
      isGone: Type.Boolean(),
    }),
  ),
  /** Newest of each kind that has ended, and that succeeded. */
  lastRuns: Type.Array(Type.Object({ kind: RunKind, last: nullable(RunRow), lastSuccess: nullable(RunRow) })),
  running: Type.Array(RunRow),
  room: nullable(
    Type.Object({
      path: Type.String(),
      freeBytes: Type.Number(),
      totalBytes: Type.Number(),
      growthBytesPerDay: nullable(Type.Number()),
      fullAt: nullable(Moment),
    }),
  ),
  /** Null when nothing tells (no systemd). */
  nextRuns: nullable(Type.Array(Type.Object({ kind: RunKind, at: Moment }))),
  /** Successful backups of the last 90 days, oldest first, at most 400: for charts. */
  trend: Type.Array(
    Type.Object({
      runId: Type.Integer(),
      at: Moment,
      sizeBytes: nullable(Type.Number()),
      durationMs: Type.Number(),
      losses: Type.Integer(),
      freeBytes: nullable(Type.Number()),
    }),
  ),
});
export type Overview = Static<typeof Overview>;
