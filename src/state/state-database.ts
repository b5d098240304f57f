import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { systemCode } from "../disk-errors.ts";
import { AppError, messageOf } from "../errors.ts";
import { type StateFolder, makePrivateFile, makeStateFolder } from "./state-folder.ts";

/** Others write for some milliseconds; on a network file system for longer. */
const busyMs = 5_000;

/** A kind of SQLite file in the state folder. */
export interface DatabaseKind {
  /** Code of errors about it, and what people call it: `history`, `the history of runs`. */
  code: string;
  what: string;
  fileName: string;
  /** Versions of its schema, each the statements that lead to it from the one before; `user_version` counts them. */
  steps: readonly string[];
  /** What becomes of it when it is moved away. */
  hint: string;
}

/**
 * Opens a database of a state folder for writing; folder and file are made when they are not there. The caller closes it.
 *
 * One file with a rollback journal, and not a write-ahead log: that needs memory which all its users share, and the folder may
 * be on a network file system.
 * @returns undefined when the place where the folder would be made is not there
 * @throws AppError with the kind's code when it cannot be made, opened or brought up to date
 */
export async function openStateDatabase(
  kind: DatabaseKind,
  folder: StateFolder,
  isRoot: boolean,
): Promise<DatabaseSync | undefined> {
  const path = join(folder.path, kind.fileName);
  try {
    if (!(await makeStateFolder(folder, isRoot))) return undefined;
    await makePrivateFile(path, isRoot);
    await refuseOther(kind, path);
  } catch (error) {
    throw unusable(kind, path, error);
  }
  return opened(kind, path);
}

/**
 * Opens a database that is there. The caller closes it.
 * @returns undefined when there never was one
 * @throws AppError with the kind's code when it cannot be read
 */
export async function openExistingStateDatabase(
  kind: DatabaseKind,
  folder: StateFolder,
): Promise<DatabaseSync | undefined> {
  const path = join(folder.path, kind.fileName);
  try {
    await refuseOther(kind, path);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(systemCode(error))) return undefined;
    throw unusable(kind, path, error);
  }
  return opened(kind, path);
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

/**
 * The folder may be another user's, who must not lead root to write elsewhere: SQLite follows a symbolic link.
 * @throws AppError with the kind's code when something else than a file stands there; the system's error
 */
async function refuseOther(kind: DatabaseKind, path: string): Promise<void> {
  if ((await lstat(path)).isFile()) return;
  throw new AppError(kind.code, `${kind.what}, ${path}: expected a file of ours, found something else`, {
    hints: ["move it away; to have it elsewhere, name another folder: state.path in section [ngwbackup]"],
  });
}

function opened(kind: DatabaseKind, path: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: busyMs });
    upgradeSchema(database, kind, path);
    return database;
  } catch (error) {
    database?.close();
    throw unusable(kind, path, error);
  }
}

/**
 * Brings a database to the newest version of its kind; a fresh one is filled.
 * @throws AppError CODE-newer when a later program has written it
 */
function upgradeSchema(database: DatabaseSync, kind: DatabaseKind, path: string): void {
  const version = kind.steps.length;
  database.exec("PRAGMA foreign_keys = ON");
  if (versionOf(database) === version) return;
  inTransaction(database, () => {
    // Another run may have done it while we waited for the lock.
    const found = versionOf(database);
    if (found > version)
      throw new AppError(
        `${kind.code}-newer`,
        `${path} was written by a newer ngwbackup: expected version ${version} or less, found ${found}`,
        { hints: ["use that ngwbackup, or name another folder: state.path in section [ngwbackup]"] },
      );
    for (const step of kind.steps.slice(found)) database.exec(step);
    database.exec(`PRAGMA user_version = ${version}`);
  });
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
}

function unusable(kind: DatabaseKind, path: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError(kind.code, `${kind.what}, ${path}, cannot be used: ${messageOf(error)}`, {
    cause: error,
    hints: [`state.path in section [ngwbackup] names its folder; it may be moved away, and ${kind.hint}`],
  });
}
