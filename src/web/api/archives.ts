import { type Static, Type } from "typebox";
import { Moment, RunState, nullable } from "./common.ts";

/** Where archives are: `backup.path`, and what `serve.places` names. */
export const Place = Type.Object({
  /** Opaque. */
  id: Type.String(),
  /** Path or URL. */
  name: Type.String(),
  isDefault: Type.Boolean(),
  /** Why it cannot be looked into. */
  problem: nullable(Type.String()),
  freeBytes: nullable(Type.Number()),
  totalBytes: nullable(Type.Number()),
});
export type Place = Static<typeof Place>;

/** An archive as a list has it. */
export const ArchiveRow = Type.Object({
  /** Opaque, of its place and name; stays the same. */
  id: Type.String(),
  placeId: Type.String(),
  name: Type.String(),
  path: Type.String(),
  time: Moment,
  sizeBytes: Type.Number(),
  instance: nullable(Type.String()),
  /** Whether it is of the configured instance; null when that is not known. */
  isOurs: nullable(Type.Boolean()),
  application: Type.String(),
  encrypted: Type.Boolean(),
  incremental: Type.Boolean(),
  /** Names of the archives that it refers to, newest first. */
  base: Type.Array(Type.String()),
  /** Of these, those that are not beside it. */
  missingBase: Type.Array(Type.String()),
  tags: Type.Array(Type.String()),
  /** `unreadable`: encrypted, and no key is at hand. `foreign`: by NextGIS Web. */
  state: Type.Enum(["complete", "losses", "damaged", "unreadable", "foreign"]),
  losses: Type.Integer(),
  /** What is wrong with a damaged one. */
  problem: nullable(Type.String()),
  /** The newest verify of it in the history, and the newest drill. */
  verified: nullable(Type.Object({ at: Moment, runId: Type.Integer(), state: RunState })),
  drilled: nullable(
    Type.Object({ at: Moment, runId: Type.Integer(), state: RunState, recoveryMs: nullable(Type.Number()) }),
  ),
});
export type ArchiveRow = Static<typeof ArchiveRow>;

/** `GET /api/archives`. */
export const ArchiveList = Type.Object({ places: Type.Array(Place), archives: Type.Array(ArchiveRow) });
export type ArchiveList = Static<typeof ArchiveList>;

/** A part of an archive, for the treemap and the table. */
export const ContentPart = Type.Object({
  /** `layer`: a table of a vector layer, with its files; `table`; `large-objects`; `files`: blobs of a component. */
  kind: Type.Union([
    Type.Literal("layer"),
    Type.Literal("table"),
    Type.Literal("large-objects"),
    Type.Literal("files"),
  ]),
  /** Its name in the application where there is one, else the table's (`schema.table`) or component's. */
  name: Type.String(),
  /** `schema.table`, or the component. */
  what: Type.String(),
  rows: nullable(Type.Number()),
  files: nullable(Type.Number()),
  plainBytes: Type.Number(),
  storedBytes: Type.Number(),
});
export type ContentPart = Static<typeof ContentPart>;

/** `GET /api/archives/:id`; 404 when it is gone; 422 with the error when it is damaged or cannot be opened. */
export const ArchiveDetail = Type.Object({
  archive: ArchiveRow,
  writtenBy: Type.String(),
  signed: Type.Boolean(),
  database: nullable(Type.String()),
  server: nullable(Type.String()),
  postgis: nullable(Type.String()),
  encoding: nullable(Type.String()),
  compression: nullable(Type.String()),
  migrations: nullable(Type.Integer()),
  rows: nullable(Type.Number()),
  excludedRows: Type.Array(Type.String()),
  losses: Type.Array(Type.String()),
  /** Largest first, at most 5,000; `partsLeftOut` are summed up in a last one. */
  parts: Type.Array(ContentPart),
  partsLeftOut: Type.Integer(),
  chain: Type.Array(
    Type.Object({ name: Type.String(), createdAt: Moment, bytes: Type.Number(), id: nullable(Type.String()) }),
  ),
  /** The run that wrote it, whose log can be read. */
  runId: nullable(Type.Integer()),
  /** The archive of the same instance and place before this one. */
  previousId: nullable(Type.String()),
});
export type ArchiveDetail = Static<typeof ArchiveDetail>;

/** `GET /api/archives/:id/changes?against=ID` (the one before when left out). Sizes and counts of rows against each other. */
export const ArchiveChanges = Type.Object({
  against: Type.Object({ id: Type.String(), name: Type.String(), time: Moment }),
  added: Type.Array(ContentPart),
  removed: Type.Array(ContentPart),
  changed: Type.Array(
    Type.Object({
      part: ContentPart,
      rowsBefore: nullable(Type.Number()),
      filesBefore: nullable(Type.Number()),
      plainBytesBefore: Type.Number(),
    }),
  ),
  unchanged: Type.Integer(),
  filesAdded: Type.Integer(),
  filesRemoved: Type.Integer(),
  migrationsAdded: Type.Array(Type.String()),
  migrationsRemoved: Type.Array(Type.String()),
});
export type ArchiveChanges = Static<typeof ArchiveChanges>;

/**
 * `GET /api/archives/:id/download`, operators only: the bytes, with ranges, `etag` and a file name. `DELETE /api/archives/:id`
 * {confirm: its name}, operators only: 204; 409 `referred-to` (with the names as hints) when others need it, `last-sound` for the
 * last sound one, `in-use` while something works with it.
 */
export const DeleteArchive = Type.Object({ confirm: Type.String() });
export type DeleteArchive = Static<typeof DeleteArchive>;

/** `GET /api/retention?place=`: what `prune` would do there by the configured rules; `configured` false: there are none. */
export const RetentionPreview = Type.Object({
  configured: Type.Boolean(),
  /** `keep.daily = 7`, one a line, as configured. */
  rules: Type.Array(Type.String()),
  removedBytes: Type.Number(),
  archives: Type.Array(
    Type.Object({
      archiveId: Type.String(),
      name: Type.String(),
      time: Moment,
      sizeBytes: Type.Number(),
      action: Type.Union([Type.Literal("keep"), Type.Literal("remove")]),
      reasons: Type.Array(Type.String()),
    }),
  ),
});
export type RetentionPreview = Static<typeof RetentionPreview>;
