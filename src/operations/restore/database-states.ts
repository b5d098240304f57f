import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import { undoInPlace } from "../../postgres/in-place/undo.ts";
import {
  clearLeftovers as clearSchemas,
  dropPrevious as dropPreviousSchemas,
  findPrevious as findPreviousSchemas,
} from "../../postgres/in-place/kept-states.ts";
import type { Reporter } from "../../progress.ts";
import type { RestoreWay } from "./run-record.ts";

/** A previous state of the database, kept by either way of restoring. */
export interface KeptDatabaseState {
  way: RestoreWay;
  runId: string;
  createdAt: Date;
  /** Undefined: until somebody drops it. */
  keepUntil: Date | undefined;
}

/** What is kept beside, or left behind in, the database, whichever way it came there. */
export interface DatabaseStates {
  /** Newest first. */
  kept(): Promise<KeptDatabaseState[]>;
  drop(state: KeptDatabaseState): Promise<void>;
  /** Drops what dead runs left; the caller holds the operation lock. */
  clearLeftovers(): Promise<void>;
  /** Brings a state back by one switch; `beforeCommit` is awaited when all is done and nothing is visible yet. */
  undo(
    state: KeptDatabaseState,
    options: { ownPids: readonly number[]; releaseLock(): Promise<void>; beforeCommit(): Promise<void> },
  ): Promise<void>;
}

/** Looks after the states of one database. */
export async function databaseStates(
  settings: Settings,
  context: Context,
  reporter: Reporter,
): Promise<DatabaseStates> {
  const options = { settings: settings.database, reporter, signal: context.signal, now: () => context.now() };
  return Promise.resolve({
    async kept() {
      const inPlace = (await findPreviousSchemas(settings.database)).map((state) => ({
        ...state,
        way: "in-place" as const,
      }));
      return inPlace;
    },
    async drop(state) {
      await dropPreviousSchemas(options, state.runId);
    },
    async clearLeftovers() {
      await clearSchemas(options);
    },
    async undo(state, { ownPids, beforeCommit }) {
      await undoInPlace({ ...options, runId: state.runId, ownPids, beforeCommit });
    },
  });
}
