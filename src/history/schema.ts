import type { DatabaseSync } from "node:sqlite";
import { AppError } from "../errors.ts";

/** Versions of the schema, each the statements that lead to it from the one before; `user_version` counts them. */
const steps: readonly string[] = [
  `CREATE TABLE run (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     kind TEXT NOT NULL,
     state TEXT NOT NULL,
     started_at INTEGER NOT NULL,
     ended_at INTEGER,
     exit_code INTEGER,
     subject TEXT,
     size_bytes INTEGER,
     losses INTEGER NOT NULL DEFAULT 0,
     error TEXT,
     summary TEXT,
     free_bytes INTEGER,
     version TEXT NOT NULL,
     host TEXT NOT NULL,
     owner TEXT NOT NULL
   ) STRICT;
   CREATE INDEX run_kind ON run (kind, id);
   CREATE TABLE stage (
     run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
     position INTEGER NOT NULL,
     name TEXT NOT NULL,
     started_at INTEGER NOT NULL,
     duration_ms INTEGER,
     bytes INTEGER NOT NULL,
     PRIMARY KEY (run_id, position)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE line (
     run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
     position INTEGER NOT NULL,
     at INTEGER NOT NULL,
     level TEXT NOT NULL,
     text TEXT NOT NULL,
     PRIMARY KEY (run_id, position)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE alert (
     name TEXT PRIMARY KEY,
     event TEXT NOT NULL,
     since INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID`,
  // Those that run are asked for twice a second while somebody looks.
  `ALTER TABLE run ADD COLUMN started_by TEXT;
   CREATE INDEX run_running ON run (id) WHERE state = 'running'`,
];

/** The version that this program reads and writes. */
export const schemaVersion = steps.length;

/**
 * Brings a database to {@link schemaVersion}; a fresh one is filled.
 * @throws AppError history-newer when a later program has written it
 */
export function upgradeSchema(database: DatabaseSync, path: string): void {
  database.exec("PRAGMA foreign_keys = ON");
  if (versionOf(database) === schemaVersion) return;
  inTransaction(database, () => {
    // Another run may have done it while we waited for the lock.
    const found = versionOf(database);
    refuseNewer(found, path);
    for (const step of steps.slice(found)) database.exec(step);
    database.exec(`PRAGMA user_version = ${schemaVersion}`);
  });
}

/** Runs statements in a transaction that has the right to write from its beginning; what is thrown takes it back. */
export function inTransaction<T>(database: DatabaseSync, action: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = action();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
}

function refuseNewer(found: number, path: string): void {
  if (found <= schemaVersion) return;
  throw new AppError(
    "history-newer",
    `${path} was written by a newer ngwbackup: expected version ${schemaVersion} or less, found ${found}`,
    { hints: ["use that ngwbackup, or name another folder: state.path in section [ngwbackup]"] },
  );
}
