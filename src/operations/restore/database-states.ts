import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import { undoInPlace } from "../../postgres/in-place/undo.ts";
import {
  clearLeftovers as clearSchemas,
  dropPrevious as dropPreviousSchemas,
  findPrevious as findPreviousSchemas,
} from "../../postgres/in-place/kept-states.ts";
import {
  clearLeftovers as clearDatabases,
  dropPrevious as dropPreviousDatabases,
  findPrevious as findPreviousDatabases,
  undoSideBySide,
} from "../../postgres/side-by-side/kept-databases.ts";
import { dropUnmarkedDatabase } from "../../postgres/side-by-side/unmarked-database.ts";
import { waitForSwitch } from "../../postgres/switch-lock.ts";
import type { Reporter } from "../../progress.ts";
import { beside } from "./database-ways.ts";
import type { RestoreWay } from "./run-record.ts";

/** A previous state of the database, kept by either way of restoring. */
export interface KeptDatabaseState {
  way: RestoreWay;
  runId: string;
  createdAt: Date;
  /** Undefined: until somebody drops it. */
  keepUntil: Date | undefined;
  /** Whether there was nothing of the instance in the database: nobody would want that back. */
  isEmpty: boolean;
}

/** What is kept beside, or left behind in, the database, whichever way it came there. */
export interface DatabaseStates {
  /** Newest first. */
  kept(): Promise<KeptDatabaseState[]>;
  drop(state: KeptDatabaseState): Promise<void>;
  /** Waits until no switch is being committed, so that {@link DatabaseStates.kept} tells whether it took place. */
  waitForSwitch(): Promise<void>;
  /** Drops what a run that is known to be dead made and had no time to mark. */
  dropUnmarked(runId: string): Promise<void>;
  /** Drops what dead runs left; the caller holds the operation lock. */
  clearLeftovers(): Promise<void>;
  /** Brings a state back by one switch; `beforeCommit` is awaited when all is done and nothing is visible yet. */
  undo(
    state: KeptDatabaseState,
    options: { ownPids: readonly number[]; releaseLock(): Promise<void>; beforeCommit(): Promise<void> },
  ): Promise<void>;
}

/** Looks after the states of one database. */
export function databaseStates(settings: Settings, context: Context, reporter: Reporter): DatabaseStates {
  const options = { settings: settings.database, reporter, signal: context.signal, now: () => context.now() };
  const besideOptions = { ...options, ...beside(settings) };
  return {
    async kept() {
      const schemas = (await findPreviousSchemas(settings.database)).map((state): KeptDatabaseState => ({
        ...state,
        way: "in-place",
        isEmpty: state.schemas.every(({ role }) => role === "notes"),
      }));
      const databases = (await findPreviousDatabases(besideOptions)).map((state): KeptDatabaseState => ({
        ...state,
        way: "side-by-side",
        isEmpty: false,
      }));
      return [...schemas, ...databases].toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
    },
    async drop({ way, runId }) {
      if (way === "in-place") await dropPreviousSchemas(options, runId);
      else await dropPreviousDatabases(besideOptions, { runId });
    },
    async waitForSwitch() {
      await waitForSwitch(settings.database);
    },
    async dropUnmarked(runId) {
      await dropUnmarkedDatabase(besideOptions, runId);
    },
    async clearLeftovers() {
      await clearSchemas(options);
      for (const name of await clearDatabases(besideOptions)) {
        reporter.report({ type: "message", message: `dropped database ${name}, which a restore had left behind` });
      }
    },
    async undo({ way, runId }, given) {
      if (way === "in-place") await undoInPlace({ ...options, ...given, runId });
      else await undoSideBySide({ ...besideOptions, ...given, runId });
    },
  };
}
