import type { DatabaseSync } from "node:sqlite";
import type { RunSettings } from "../../config/run-options.ts";
import { UsageError } from "../../errors.ts";
import { type DatabaseKind, openStateDatabase } from "../../state/state-database.ts";

/** Moments are milliseconds since 1970; secrets of sessions and tokens stand in it as digests only. */
const kind: DatabaseKind = {
  code: "web-accounts",
  what: "the file of users and sessions",
  fileName: "web.sqlite",
  hint: "users are then set up anew: serve --set-password",
  steps: [
    `CREATE TABLE user (
       name TEXT PRIMARY KEY,
       role TEXT NOT NULL,
       password TEXT NOT NULL,
       changed_at INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE session (
       digest TEXT PRIMARY KEY,
       user TEXT NOT NULL REFERENCES user (name) ON DELETE CASCADE,
       created_at INTEGER NOT NULL,
       seen_at INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX session_user ON session (user);
     CREATE TABLE token (
       id INTEGER PRIMARY KEY AUTOINCREMENT,
       digest TEXT NOT NULL UNIQUE,
       name TEXT NOT NULL UNIQUE,
       role TEXT NOT NULL,
       created_at INTEGER NOT NULL,
       created_by TEXT NOT NULL REFERENCES user (name) ON DELETE CASCADE,
       used_at INTEGER
     ) STRICT;
     CREATE TABLE failure (
       address TEXT NOT NULL,
       user TEXT NOT NULL,
       count INTEGER NOT NULL,
       last_at INTEGER NOT NULL,
       PRIMARY KEY (address, user)
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX failure_user ON failure (user);
     CREATE INDEX failure_last ON failure (last_at);
     CREATE TABLE known_address (
       user TEXT NOT NULL REFERENCES user (name) ON DELETE CASCADE,
       address TEXT NOT NULL,
       last_at INTEGER NOT NULL,
       PRIMARY KEY (user, address)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE audit (
       id INTEGER PRIMARY KEY AUTOINCREMENT,
       at INTEGER NOT NULL,
       who TEXT NOT NULL,
       address TEXT NOT NULL,
       action TEXT NOT NULL,
       subject TEXT,
       run_id INTEGER
     ) STRICT;
     CREATE INDEX audit_at ON audit (at);
     CREATE INDEX audit_run ON audit (run_id)`,
  ],
};

/**
 * Opens the file of users, sessions, tokens and what was done, in the state folder. The caller closes it.
 * @throws UsageError when no place for it is configured; AppError when it cannot be used
 */
export async function openWebDatabase({ state }: Pick<RunSettings, "state">, isRoot: boolean): Promise<DatabaseSync> {
  const database = state === undefined ? undefined : await openStateDatabase(kind, state, isRoot);
  if (database !== undefined) return database;
  throw new UsageError(
    "no-state",
    state === undefined
      ? "there is no place for users and sessions: neither sdir nor backup.path is configured"
      : `there is no place for users and sessions: the folder around ${state.path} does not exist`,
    { hints: ["name one: state.path in section [ngwbackup] of the configuration"] },
  );
}
