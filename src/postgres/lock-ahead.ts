import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "./connection.ts";
import { isConnectionEnd } from "./server-error.ts";
import { sqlState } from "./connection-errors.ts";
import { readLockSpace } from "./lock-space.ts";
import { qualifiedName } from "./quoting.ts";

/** Below `deadlock_timeout`: whoever waits for us while we wait for him is not the one who is ended. */
const lockWaitMs = 200;
const pauseMs = 250;
/** How long tables that somebody alters are waited for in all. */
const patienceMs = 30_000;
/** Names in a statement. */
const namesAtOnce = 1000;

/**
 * Locks every table of the database that the role can read (`ACCESS SHARE`) before a snapshot is taken, so that none of them
 * is dropped, truncated or rewritten between the snapshot and pg_dump's own locks: what is under way is waited for, what comes
 * later waits for us. It is an effort only: where the server has no room for twice as many locks, or somebody keeps a table
 * too long, nothing is held, and what happens in between is found afterwards.
 * @param client in a transaction that has taken no snapshot yet, and takes none by this
 * @param lister another session, which looks tables up
 * @param andThen what is to be locked besides, by another session: when it throws that a lock was not to be had, ours are given
 * back, since whoever waits for them may be in its way, and all is tried again
 * @returns whether all of them are locked until the client's transaction ends; otherwise `andThen` has not succeeded
 */
export async function lockAhead(
  client: Client,
  lister: Client,
  signal: AbortSignal,
  andThen?: () => Promise<void>,
): Promise<boolean> {
  const until = performance.now() + patienceMs;
  for (;;) {
    signal.throwIfAborted();
    const tables = await readableTables(lister);
    // pg_dump takes as many once more.
    if (tables.length * 2 > (await readLockSpace(lister)).entries) return false;
    const failure = await tryToLock(client, tables, andThen);
    if (failure === undefined) return true;
    // Locked by others, or dropped since it was looked up; anything else does not pass by itself.
    const passes = ["55P03", "40P01", "42P01", "3F000"].includes(sqlState(failure));
    if (!passes || performance.now() > until) return false;
    await sleep(pauseMs, undefined, { signal });
  }
}

async function tryToLock(
  client: Client,
  tables: readonly string[],
  andThen: (() => Promise<void>) | undefined,
): Promise<unknown> {
  await client.query(`SAVEPOINT before_locks; SET LOCAL lock_timeout = ${lockWaitMs}`);
  try {
    for (let start = 0; start < tables.length; start += namesAtOnce)
      await client.query(`LOCK TABLE ${tables.slice(start, start + namesAtOnce).join(", ")} IN ACCESS SHARE MODE`);
    await andThen?.();
    // A snapshot cannot be exported from within a savepoint.
    await client.query("SET LOCAL lock_timeout = 0; RELEASE SAVEPOINT before_locks");
    return undefined;
  } catch (error) {
    if (isConnectionEnd(error)) throw error;
    await client.query("ROLLBACK TO SAVEPOINT before_locks; RELEASE SAVEPOINT before_locks");
    return error;
  }
}

async function readableTables(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
      ORDER BY c.oid`,
  );
  return rows.map(({ schema, name }) => `ONLY ${qualifiedName(schema, name)}`);
}
