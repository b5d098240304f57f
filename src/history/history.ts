import { access } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { systemCode } from "../disk-errors.ts";
import { AppError, messageOf } from "../errors.ts";
import { upgradeSchema } from "./schema.ts";
import { type StateFolder, makePrivateFile, makeStateFolder } from "./state-folder.ts";

/** Others write for some milliseconds; on a network file system for longer. */
const busyMs = 5_000;

const fileName = "history.sqlite";

/** An open history of runs. Whoever opens it closes it. */
export interface History {
  database: DatabaseSync;
  /** Folder that it is in, for what stands beside it. */
  folder: string;
}

/**
 * Opens the history of a state folder for writing; folder and file are made when they are not there.
 *
 * One file with a rollback journal, and not a write-ahead log: that needs memory which all its users share, and the folder may
 * be on a network file system.
 * @returns undefined when the place where the folder would be made is not there
 * @throws AppError history when it cannot be made, opened or brought up to date
 */
export async function openHistory(folder: StateFolder, isRoot: boolean): Promise<History | undefined> {
  const path = join(folder.path, fileName);
  try {
    if (!(await makeStateFolder(folder, isRoot))) return undefined;
    await makePrivateFile(path, isRoot);
  } catch (error) {
    throw unusable(path, error);
  }
  return { database: opened(path), folder: folder.path };
}

/**
 * Opens a history that is there.
 * @returns undefined when nothing was ever recorded there
 * @throws AppError history when it cannot be read
 */
export async function openExistingHistory(folder: StateFolder): Promise<History | undefined> {
  const path = join(folder.path, fileName);
  try {
    await access(path);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(systemCode(error))) return undefined;
    throw unusable(path, error);
  }
  return { database: opened(path), folder: folder.path };
}

function opened(path: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: busyMs });
    upgradeSchema(database, path);
    return database;
  } catch (error) {
    database?.close();
    throw unusable(path, error);
  }
}

function unusable(path: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError("history", `the history of runs, ${path}, cannot be used: ${messageOf(error)}`, {
    cause: error,
    hints: ["state.path in section [ngwbackup] names its folder; it may be moved away, and a new one is begun"],
  });
}
