import { type Static, Type } from "typebox";
import { Finding, Moment, RunKind, RunState, nullable } from "./common.ts";

/** How far a running run is. */
export const RunProgress = Type.Object({
  /** English, as the command line shows it. */
  stage: Type.String(),
  doneBytes: Type.Number(),
  totalBytes: nullable(Type.Number()),
  bytesPerSecond: nullable(Type.Number()),
  /** Time left of the whole run, where that can be told. */
  leftMs: nullable(Type.Number()),
});
export type RunProgress = Static<typeof RunProgress>;

/** A run. `GET /api/runs?kind=&state=&before=ID&limit=` gives `RunPage`. */
export const RunRow = Type.Object({
  id: Type.Integer(),
  kind: RunKind,
  state: RunState,
  startedAt: Moment,
  endedAt: nullable(Moment),
  durationMs: nullable(Type.Number()),
  exitCode: nullable(Type.Integer()),
  /** Archives by path or URL. */
  subjects: Type.Array(Type.String()),
  sizeBytes: nullable(Type.Number()),
  losses: Type.Integer(),
  error: nullable(Type.Object({ code: Type.String(), message: Type.String(), hints: Type.Array(Type.String()) })),
  /** Recovery time that a drill measured. */
  recoveryMs: nullable(Type.Number()),
  version: Type.String(),
  host: Type.String(),
  /** Who started it from the page; null for the command line and timers. */
  startedBy: nullable(Type.String()),
  /** Of one that is running. */
  progress: nullable(RunProgress),
});
export type RunRow = Static<typeof RunRow>;

export const RunPage = Type.Object({ runs: Type.Array(RunRow), hasMore: Type.Boolean() });
export type RunPage = Static<typeof RunPage>;

export const RunStage = Type.Object({
  name: Type.String(),
  startedAt: Moment,
  durationMs: nullable(Type.Number()),
  bytes: Type.Number(),
});
export type RunStage = Static<typeof RunStage>;

export const LogLine = Type.Object({
  at: Moment,
  level: Type.Union([Type.Literal("message"), Type.Literal("warning"), Type.Literal("error")]),
  text: Type.String(),
});
export type LogLine = Static<typeof LogLine>;

/** `GET /api/runs/:id`. `summary` is what the command printed at its end with `--json`. */
export const RunDetail = Type.Object({
  run: RunRow,
  stages: Type.Array(RunStage),
  log: Type.Array(LogLine),
  summary: nullable(Type.Record(Type.String(), Type.Unknown())),
});
export type RunDetail = Static<typeof RunDetail>;

/**
 * Events of `GET /api/runs/:id/events` (server-sent, `event: NAME`, `data: JSON`): first `run`, then `stages` and `log` so far;
 * then `progress`, `stage` and `line` as they come; `end` with the RunDetail, after which the stream is closed. A stream that
 * broke is opened again and starts anew. `GET /api/events` is one stream for all: `runs` (RunRow[] of those that run) whenever
 * it changes, at most twice a second, and `changed` {runs, archives: boolean} when something began or ended.
 */
export const RunEvents = Type.Object({
  run: RunRow,
  stages: Type.Array(RunStage),
  log: Type.Array(LogLine),
  progress: RunProgress,
  stage: RunStage,
  line: LogLine,
  end: RunDetail,
});
export type RunEvents = Static<typeof RunEvents>;

/**
 * `POST /api/runs`, operators only: starts one in a process of its own; answers 202 with {runId} once the history knows it, or
 * with the error with which it ended before. `POST /api/runs/:id/cancel` stops it as Ctrl-C does (202).
 */
export const NewRun = Type.Union([
  Type.Object({
    kind: Type.Literal("backup"),
    tags: Type.Optional(
      Type.Array(Type.String({ pattern: "^[^,\\s\\u0000-\\u001f\\u007f-\\u009f]{1,100}$" }), { maxItems: 20 }),
    ),
    /** `latest`: an increment. */
    base: Type.Optional(Type.Literal("latest")),
    /** A configured place (`Place.id`); the configured one when left out. */
    place: Type.Optional(Type.String()),
  }),
  Type.Object({ kind: Type.Literal("verify"), archiveIds: Type.Array(Type.String(), { minItems: 1, maxItems: 100 }) }),
  Type.Object({ kind: Type.Literal("drill"), archiveId: Type.String() }),
  Type.Object({ kind: Type.Literal("prune"), place: Type.String() }),
  Type.Object({
    kind: Type.Literal("restore"),
    archiveId: Type.String(),
    way: Type.Optional(Type.Union([Type.Literal("in-place"), Type.Literal("side-by-side")])),
    /** Stops the service before and starts it after (`restore --service`). */
    withService: Type.Boolean(),
    migrate: Type.Boolean(),
    /** Has to be the instance's name. */
    confirm: Type.String(),
  }),
  Type.Object({ kind: Type.Literal("undo"), confirm: Type.String() }),
]);
export type NewRun = Static<typeof NewRun>;

export const StartedRun = Type.Object({ runId: Type.Integer() });
export type StartedRun = Static<typeof StartedRun>;

/**
 * `POST /api/plans` {archiveId, way?}, operators only: what a restore would do, by a dry run in a process of its own, which reads
 * the whole archive. Answers 202 with this; `GET /api/plans/:id` gives it again, `GET /api/plans/:id/events` streams it as
 * `plan` whenever it changes until `state` is not `running`; `DELETE` stops it. Kept in memory for an hour.
 */
export const Plan = Type.Object({
  id: Type.String(),
  archiveId: Type.String(),
  state: Type.Union([
    Type.Literal("running"),
    Type.Literal("possible"),
    Type.Literal("refused"),
    Type.Literal("failed"),
  ]),
  progress: nullable(RunProgress),
  error: nullable(Type.Object({ code: Type.String(), message: Type.String(), hints: Type.Array(Type.String()) })),
  way: nullable(Type.Union([Type.Literal("in-place"), Type.Literal("side-by-side")])),
  findings: Type.Array(Finding),
  /** What is there now, as far as it can be told. */
  present: nullable(
    Type.Object({
      database: Type.String(),
      tables: nullable(Type.Number()),
      databaseBytes: nullable(Type.Number()),
      files: nullable(Type.Number()),
      fileBytes: nullable(Type.Number()),
    }),
  ),
  /** What comes instead. */
  coming: nullable(
    Type.Object({
      snapshotAt: nullable(Moment),
      tables: Type.Number(),
      rows: nullable(Type.Number()),
      files: Type.Number(),
      fileBytes: Type.Number(),
    }),
  ),
  /** By the last drill or restore; null when nothing is known. */
  estimateMs: nullable(Type.Number()),
  pendingMigrations: nullable(Type.Integer()),
  /** To be typed. */
  instanceName: Type.String(),
  /** What `withService` would stop. */
  service: nullable(Type.String()),
});
export type Plan = Static<typeof Plan>;

/** `POST /api/plans`. */
export const NewPlan = Type.Object({
  archiveId: Type.String(),
  way: Type.Optional(Type.Union([Type.Literal("in-place"), Type.Literal("side-by-side")])),
});
export type NewPlan = Static<typeof NewPlan>;

/** `GET /api/kept`: the state from before the last restore, which `undo` brings back; null when none is kept. */
export const Kept = nullable(Type.Object({ runId: Type.String(), createdAt: Moment, keptUntil: nullable(Moment) }));
export type Kept = Static<typeof Kept>;
