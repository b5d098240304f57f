import type { DatabaseSync } from "node:sqlite";
import { type DatabaseKind, openExistingStateDatabase, openStateDatabase } from "../state/state-database.ts";
import type { StateFolder } from "../state/state-folder.ts";
import { steps } from "./schema.ts";

const kind: DatabaseKind = {
  code: "history",
  what: "the history of runs",
  fileName: "history.sqlite",
  steps,
  hint: "a new one is begun",
};

/** An open history of runs. Whoever opens it closes it. */
export interface History {
  database: DatabaseSync;
  /** Folder that it is in, for what stands beside it. */
  folder: string;
}

/**
 * Opens the history of a state folder for writing; folder and file are made when they are not there.
 * @returns undefined when the place where the folder would be made is not there
 * @throws AppError history when it cannot be made, opened or brought up to date
 */
export async function openHistory(folder: StateFolder, isRoot: boolean): Promise<History | undefined> {
  const database = await openStateDatabase(kind, folder, isRoot);
  return database === undefined ? undefined : { database, folder: folder.path };
}

/**
 * Opens a history that is there.
 * @returns undefined when nothing was ever recorded there
 * @throws AppError history when it cannot be read
 */
export async function openExistingHistory(folder: StateFolder): Promise<History | undefined> {
  const database = await openExistingStateDatabase(kind, folder);
  return database === undefined ? undefined : { database, folder: folder.path };
}
