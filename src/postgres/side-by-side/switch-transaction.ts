import { setTimeout as sleep } from "node:timers/promises";
import { AppError, messageOf, RefusedError } from "../../errors.ts";
import type { Client } from "../connection.ts";
import { carryOverStatements, type DatabaseProperties } from "../database-properties.ts";
import { type BesideSettings, connectElsewhere, withElsewhere } from "./elsewhere.ts";
import { backendPid } from "../load/cancel-backends.ts";
import { makeDurable } from "../switch-lock.ts";
import { renameDatabase } from "./switch-names.ts";

const sessionName = "ngwbackup switch";
/** A COMMIT may wait for a slow disk, or for a standby: a minute. */
const sessionTries = 300;
const sessionPauseMs = 200;

/** A switch of two databases' names, in one transaction. */
export interface DatabaseSwitch {
  /** The one in use; it gets the name `aside`. */
  live: string;
  aside: string;
  /** The one that takes its place. */
  successor: string;
  terminate: boolean;
  signal: AbortSignal;
  /** Run on the control session when both names are switched: comments, properties. */
  afterRename(control: Client): Promise<void>;
  /** Awaited when all is done and nothing is visible yet; what it throws takes everything back. */
  beforeCommit(): Promise<void>;
}

/**
 * Switches names: from the first rename's lock to the commit nobody can connect to either database, and whatever ends us in
 * between leaves both as they were.
 * @throws RefusedError naming sessions in the way; AppError `commit-unknown` when the connection broke during COMMIT and the
 * server cannot be asked; after any other error nothing has changed
 */
export async function switchDatabases(options: BesideSettings, names: DatabaseSwitch): Promise<void> {
  const successorOid = await withElsewhere(options, (client) => databaseOid(client, names.successor));
  if (successorOid === undefined)
    throw new RefusedError("no-database", `the server has no database ${names.successor}`);
  const control = await connectElsewhere(options, sessionName);
  let committing = false;
  let pid = 0;
  try {
    const watcher = await connectElsewhere(options, "ngwbackup switch watcher");
    try {
      await control.query("BEGIN");
      await control.query("SET LOCAL lock_timeout = '15s'");
      await makeDurable(control);
      pid = await backendPid(control);
      const rename = { terminate: names.terminate, signal: names.signal };
      await renameDatabase(control, watcher, { from: names.live, to: names.aside }, rename);
      await renameDatabase(control, watcher, { from: names.successor, to: names.live }, { ...rename, terminate: true });
      await names.afterRename(control);
      await names.beforeCommit();
      names.signal.throwIfAborted();
      committing = true;
      await control.query("COMMIT");
    } catch (error) {
      await control.query("ROLLBACK").catch(() => undefined);
      throw error;
    } finally {
      await watcher.end().catch(() => undefined);
    }
  } catch (error) {
    if (!committing) throw error;
    // Where only the statement failed, the session would be waited for in vain.
    await control.end().catch(() => undefined);
    await settleCommit(options, { live: names.live, successorOid, pid }, error);
  } finally {
    await control.end().catch(() => undefined);
  }
}

/**
 * Gives a database the properties of the one that it replaces, each on its own, within the open transaction.
 * @returns what could not be carried over, each with the server's reason
 */
export async function carryOver(control: Client, properties: DatabaseProperties, target: string): Promise<string[]> {
  const lost: string[] = [];
  for (const { what, sql } of carryOverStatements(properties, target)) {
    await control.query("SAVEPOINT property");
    try {
      await control.query(sql);
    } catch (error) {
      await control.query("ROLLBACK TO SAVEPOINT property");
      lost.push(`${what}: ${messageOf(error)}`);
    }
    await control.query("RELEASE SAVEPOINT property");
  }
  return lost;
}

/** After an error of COMMIT itself: the server knows whether it took place, once the session that was at it is gone. */
async function settleCommit(
  options: BesideSettings,
  { live, successorOid, pid }: { live: string; successorOid: string; pid: number },
  cause: unknown,
): Promise<void> {
  let now: string | undefined;
  try {
    now = await withElsewhere(options, async (client) => {
      await waitForSession(client, pid);
      return await databaseOid(client, live);
    });
  } catch {
    throw new AppError("commit-unknown", `the connection broke while the switch was committed: ${messageOf(cause)}`, {
      cause,
      hints: ["start PostgreSQL again; the next command finds out whether the switch took place, and finishes it"],
    });
  }
  if (now !== successorOid) throw cause;
}

/** Waits for the end of a session of a switch, whose client it has lost. */
async function waitForSession(client: Client, pid: number): Promise<void> {
  for (let attempt = 0; attempt < sessionTries; attempt += 1) {
    const { rowCount } = await client.query(
      "SELECT FROM pg_catalog.pg_stat_activity WHERE pid = $1 AND application_name = $2",
      [pid, sessionName],
    );
    if (rowCount === 0) return;
    await sleep(sessionPauseMs);
  }
  throw new Error(`session ${pid} is still at its COMMIT`);
}

async function databaseOid(client: Client, name: string): Promise<string | undefined> {
  const { rows } = await client.query<{ oid: string }>(
    "SELECT oid::text FROM pg_catalog.pg_database WHERE datname = $1",
    [name],
  );
  return rows[0]?.oid;
}
