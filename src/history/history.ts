import { stat } from "node:fs/promises";
import { join } from "node:path";
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

/**
 * Tells a history that nobody has written to from one that somebody has, without opening it.
 * @returns undefined when it is not there, or was written to so recently that the same may be told of what is written next
 */
export async function historyState(folder: StateFolder): Promise<string | undefined> {
  const stats = await stat(join(folder.path, kind.fileName)).catch(() => undefined);
  if (stats === undefined || Date.now() - stats.mtimeMs < clockTickMs) return undefined;
  return `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
}

/** Files written to within that may have the same time; a file server's clock is another one. */
const clockTickMs = 100;

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
