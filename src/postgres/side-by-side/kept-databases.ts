import { messageOf, RefusedError } from "../../errors.ts";
import type { Reporter } from "../../progress.ts";
import { listSessions, sessionsError } from "../sessions.ts";
import { dropDatabase } from "./create-database.ts";
import {
  commentOnDatabase,
  encodeDatabaseMarker,
  listMarkedDatabases,
  type MarkedDatabase,
} from "./database-marker.ts";
import { besideName } from "./database-names.ts";
import { type BesideSettings, instanceDatabase, withAnyDatabase, withElsewhere } from "./elsewhere.ts";
import { switchDatabases } from "./switch-transaction.ts";

/** A previous database that {@link undoSideBySide} can bring back. */
export interface KeptDatabase {
  runId: string;
  name: string;
  /** When it was set aside. */
  createdAt: Date;
  /** When it may be dropped; undefined: when somebody says so. */
  keepUntil: Date | undefined;
}

/** Previous databases of the instance that can be brought back, newest first. */
export async function findPrevious(options: BesideSettings): Promise<KeptDatabase[]> {
  const marked = await listMarked(options);
  return marked
    .filter(({ kind }) => kind === "previous")
    .map(({ runId, name, createdAt, keepUntil }) => ({
      runId,
      name,
      createdAt: new Date(createdAt),
      keepUntil: keepUntil === null ? undefined : new Date(keepUntil),
    }));
}

/**
 * Whether a run's switch was committed, for a caller that lost the connection or died in between: true as long as the
 * previous database stands.
 */
export async function hasSwitched(options: BesideSettings, runId: string): Promise<boolean> {
  return (await findPrevious(options)).some((kept) => kept.runId === runId);
}

/**
 * Drops previous databases: one run's, or those whose time is over, or all of them when nothing is said.
 * @returns names of what was dropped
 */
export async function dropPrevious(
  options: BesideSettings,
  which: { runId?: string; expiredAt?: Date } = {},
): Promise<string[]> {
  const { runId, expiredAt } = which;
  const doomed = (await findPrevious(options)).filter(
    (kept) =>
      (runId === undefined || kept.runId === runId) &&
      (expiredAt === undefined || (kept.keepUntil !== undefined && kept.keepUntil <= expiredAt)),
  );
  return await dropKept(options, doomed);
}

/**
 * Databases that runs left behind which died or could not finish: loaded and never switched, or undone. Those of a run that
 * lives are not among them.
 */
export async function findLeftovers(options: BesideSettings): Promise<MarkedDatabase[]> {
  return (await listMarked(options)).filter(({ kind, isAlive }) => kind !== "previous" && !isAlive);
}

/** Drops what {@link findLeftovers} finds. @returns names of what was dropped */
export async function clearLeftovers(options: BesideSettings): Promise<string[]> {
  return await dropAll(options, await findLeftovers(options));
}

/**
 * After a switch: drops the previous databases of earlier runs, and this run's when it is not to be kept. Failing is no
 * failure of the restore.
 */
export async function dropReplaced(
  options: BesideSettings & { reporter: Reporter },
  runId: string,
  ownToo: boolean,
): Promise<void> {
  try {
    const kept = await findPrevious(options);
    await dropKept(
      options,
      kept.filter((one) => ownToo || one.runId !== runId),
    );
  } catch (error) {
    options.reporter.report({
      type: "warning",
      code: "previous-not-dropped",
      message: `the restore is complete, but a previous database could not be dropped: ${messageOf(error)}`,
    });
  }
}

/** What {@link undoSideBySide} is told. */
export interface UndoSideBySideOptions extends BesideSettings {
  reporter: Reporter;
  signal: AbortSignal;
  now(): Date;
  /** Which restore is undone; the latest when left out. */
  runId?: string;
  ownPids?: readonly number[];
  terminateSessions?: boolean;
  /** Ends all sessions of ours in the instance's database, right before the switch. */
  releaseLock?(): Promise<void>;
  /** Awaited when all is done and nothing is visible yet; what it throws takes everything back. */
  beforeCommit?(): Promise<void>;
}

/**
 * Brings the database from before a restore back, in one transaction; then drops the one that it replaces. Properties of the
 * database are those it had then.
 * @returns the run that was undone
 * @throws RefusedError when there is nothing to bring back, or others are connected; AppError `commit-unknown`; after any
 * other error nothing has changed
 */
export async function undoSideBySide(options: UndoSideBySideOptions): Promise<string> {
  const live = instanceDatabase(options);
  const previous = (await listMarked(options)).find(
    ({ kind, runId }) => kind === "previous" && (options.runId === undefined || options.runId === runId),
  );
  if (previous === undefined) {
    throw new RefusedError("nothing-to-undo", "no previous database is kept, so there is nothing to undo");
  }
  await withElsewhere(options, async (client) => {
    const sessions = options.terminateSessions === true ? [] : await listSessions(client, live, options.ownPids);
    if (sessions.length > 0) throw sessionsError(live, sessions);
  });
  const now = options.now();
  const aside = besideName(live, "undone", now, previous.runId);
  await options.releaseLock?.();
  await switchDatabases(options, {
    live,
    aside,
    successor: previous.name,
    terminate: options.terminateSessions ?? false,
    signal: options.signal,
    async afterRename(control) {
      const { runId, of, comment } = previous;
      await control.query(commentOnDatabase(aside, undoneMarker(runId, of, now)));
      await control.query(commentOnDatabase(live, comment));
    },
    beforeCommit: async () => await options.beforeCommit?.(),
  });
  try {
    await withElsewhere(options, (client) => dropDatabase(client, aside));
  } catch (error) {
    options.reporter.report({
      type: "warning",
      code: "undone-not-dropped",
      message: `the undo is complete, but database ${aside} could not be dropped: ${messageOf(error)}`,
    });
  }
  return previous.runId;
}

async function listMarked(options: BesideSettings): Promise<MarkedDatabase[]> {
  return await withAnyDatabase(options, (client) => listMarkedDatabases(client, instanceDatabase(options)));
}

/** What says of a database that it is to be dropped, whenever that comes to an end. */
function undoneMarker(runId: string, of: string, createdAt: Date): string {
  const none = { keepUntil: null, pid: null, startedAt: null, comment: null };
  return encodeDatabaseMarker({ kind: "undone", runId, of, createdAt: createdAt.toISOString(), ...none });
}

/** A DROP that is interrupted leaves a database of which nobody knows what it holds: never again one to go back to. */
async function dropKept(options: BesideSettings, doomed: readonly KeptDatabase[]): Promise<string[]> {
  if (doomed.length > 0)
    await withElsewhere(options, async (client) => {
      for (const { name, runId, createdAt } of doomed)
        await client.query(commentOnDatabase(name, undoneMarker(runId, instanceDatabase(options), createdAt)));
    });
  return await dropAll(options, doomed);
}

async function dropAll(options: BesideSettings, doomed: readonly { name: string }[]): Promise<string[]> {
  if (doomed.length === 0) return [];
  return await withElsewhere(options, async (client) => {
    for (const { name } of doomed) await dropDatabase(client, name);
    return doomed.map(({ name }) => name);
  });
}
