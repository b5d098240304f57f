import { AppError, messageOf, RefusedError } from "../../errors.ts";
import type { Client } from "../connection.ts";
import { readLockSpace } from "../lock-space.ts";
import { beginSwitch } from "../switch-lock.ts";
import { refuseOthers } from "./alone.ts";
import { dropMarkedSchemas } from "./drop-schemas.ts";
import { finalLockNeed, lockRenamedTables } from "./final-locks.ts";
import { switchLockTimeout } from "./final-transaction.ts";
import { hasSwitched, keptStates, type KeptStateOptions, leftoversOf, withSession } from "./kept-states.ts";
import { listMarkedSchemas } from "./markers.ts";
import { moveAside, moveBack, sortLiveSchemas } from "./move-aside.ts";

/** What {@link undoInPlace} is told. */
export interface UndoOptions extends KeptStateOptions {
  now(): Date;
  /** Which restore is undone; the latest when left out. */
  runId?: string;
  /** Sessions of our own in the database. */
  ownPids?: readonly number[];
  /** Awaited when all is done and nothing is visible yet; what it throws takes everything back. */
  beforeCommit?(): Promise<void>;
}

/**
 * Brings the state from before a restore in place back, in one transaction; then drops the state that it replaces. Not brought
 * back: what belongs to the database itself and was never moved (publications, event triggers, servers, extensions).
 * @returns the run that was undone
 * @throws RefusedError when there is nothing to bring back, or others are connected; AppError, and then nothing was changed
 */
export async function undoInPlace(options: UndoOptions): Promise<string> {
  const { settings, reporter } = options;
  let committing: string | undefined;
  try {
    await withSession(settings, async (client) => {
      await client.query("BEGIN");
      let runId: string;
      try {
        await beginSwitch(client);
        runId = await runUndo(client, options);
      } catch (error) {
        await client.query("ROLLBACK").catch(() => undefined);
        throw error;
      }
      committing = runId;
      await client.query("COMMIT");
    });
  } catch (error) {
    if (committing === undefined) throw error;
    // the previous state stands as long as it was not brought back
    const undone = await hasSwitched(settings, committing).then(
      (stands) => !stands,
      () => undefined,
    );
    if (undone === undefined) {
      throw new AppError("commit-unknown", `the connection broke while the undo was committed: ${messageOf(error)}`, {
        cause: error,
      });
    }
    if (!undone) throw error;
  }
  try {
    await withSession(settings, async (client) =>
      dropMarkedSchemas(client, leftoversOf(await listMarkedSchemas(client)), options),
    );
  } catch (error) {
    reporter.report({
      type: "warning",
      code: "undone-not-dropped",
      message: `the undo is complete, but the state that it replaced could not be dropped: ${messageOf(error)}`,
      ...(error instanceof AppError ? { details: error.details } : {}),
    });
  }
  return committing ?? "";
}

async function runUndo(client: Client, options: UndoOptions): Promise<string> {
  await client.query(`SET LOCAL lock_timeout = '${switchLockTimeout}'`);
  const states = keptStates(await listMarkedSchemas(client));
  const state = options.runId === undefined ? states[0] : states.find(({ runId }) => runId === options.runId);
  if (state === undefined) {
    throw new RefusedError("nothing-to-undo", "no previous state of the database is kept, so there is nothing to undo");
  }
  const { ownPids = [] } = options;
  await refuseOthers(client, ownPids);
  const live = await sortLiveSchemas(client);
  const nothing = { staged: new Map(), unstaged: new Map(), final: [], leftOut: [] };
  const need = await finalLockNeed(client, live, nothing);
  // twice: the state that comes back moves as well
  const room = (await readLockSpace(client)).entries;
  await lockRenamedTables(client, live, { ...need, total: need.total * 2 }, room);
  const createdAt = options.now().toISOString();
  await moveAside(client, { runId: state.runId, state: "undone", createdAt, keepUntil: null });
  await moveBack(client, state.schemas);
  await refuseOthers(client, ownPids);
  await options.beforeCommit?.();
  await refuseOthers(client, ownPids);
  return state.runId;
}
