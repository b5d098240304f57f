/** Versions of the schema, each the statements that lead to it from the one before; `user_version` counts them. */
export const steps: readonly string[] = [
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
