import { AppError, messageOf, RefusedError } from "../errors.ts";
import { type Client, connect, lostConnection } from "./connection.ts";
import { sqlState } from "./connection-errors.ts";
import { lockHint, lockHolders } from "./lock-holders.ts";
import { operationLockClass } from "./operation-lock.ts";
import { qualifiedName, quoteLiteral } from "./quoting.ts";
import { isConnectionEnd, isRecoveryConflict } from "./server-error.ts";
import type { ConnectionSettings } from "./settings.ts";

/** The one view of the database that everything in a backup is read from. Whoever opened it closes it. */
export interface Snapshot {
  /** For `pg_dump --snapshot` and {@link importSnapshot}; good as long as the snapshot is open. */
  readonly id: string;
  /** The session that holds the snapshot; read by it as well, but leave its transaction open. */
  readonly client: Client;
  /** The server's time when the snapshot was taken. */
  readonly takenAt: Date;
  /** @throws AppError when the session has been lost, and the snapshot with it */
  ensureAlive(): void;
  /** Asks the session whether it is still there; the reason when it is not, however lately it went. */
  whyLost(): Promise<AppError | undefined>;
  /**
   * Copies on the session itself, one caller at a time: it has locks that others would have to wait for behind those who
   * wait for it.
   * @param encoding `client_encoding` of the rows
   */
  copyAlone(encoding: string, copy: (client: Client) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** Locks that must be to be had besides those on tables. */
const spareLocks = 100;
/** Their numbers begin here, away from those that mean something; shared, nobody is in anybody's way by them. */
const firstSpareLock = 1000;

/** How long the session of a snapshot waits for locks while it copies a table on behalf of another. */
const copyAloneLockMs = 600_000;

/** How long the session of a snapshot waits for a table that it has not locked, and somebody alters. */
const queryLockMs = 10_000;

/** A table by its schema and name. */
export interface TableName {
  schema: string;
  name: string;
}

/**
 * Opens a `REPEATABLE READ READ ONLY` transaction and exports its snapshot; on a standby, too.
 * @param before awaited in the transaction right before the snapshot is taken; may lock tables by it, but not query
 * @throws RefusedError as `connect` does
 */
export async function openSnapshot(
  settings: ConnectionSettings,
  before?: (client: Client) => Promise<void>,
): Promise<Snapshot> {
  const client = await connect(settings, { applicationName: "ngwbackup snapshot", lockTimeoutMs: queryLockMs });
  try {
    await client.query("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
    await setUpReading(client);
    await before?.(client);
    const { rows } = await client.query<{ id: string; taken_at: Date }>(
      "SELECT pg_catalog.pg_export_snapshot() AS id, pg_catalog.transaction_timestamp() AS taken_at",
    );
    const { id, taken_at: takenAt } = rows[0]!;
    const ensureAlive = (): void => {
      const cause = lostConnection(client);
      if (cause !== undefined) throw sessionLost(cause);
    };
    let turn = Promise.resolve();
    const copyAlone = async (encoding: string, copy: (client: Client) => Promise<void>): Promise<void> => {
      const mine = turn.then(async () => {
        // Not without end: whoever holds an index may wait for one of us.
        await client.query(
          `SET client_encoding = ${quoteLiteral(encoding)}; SET LOCAL lock_timeout = ${copyAloneLockMs}`,
        );
        await copy(client);
        await client.query("SET client_encoding = 'UTF8'");
      });
      // Who comes next has its turn, and its own failure.
      turn = mine.catch(() => undefined);
      await mine;
    };
    return {
      id,
      client,
      takenAt,
      ensureAlive,
      whyLost: () => whyLost(client),
      copyAlone,
      close: () => close(client),
    };
  } catch (error) {
    await close(client);
    throw error;
  }
}

/**
 * Begins a transaction on another session that sees exactly what the snapshot sees. End it with `ROLLBACK` or `end()`.
 * @param encoding `client_encoding` of the rows, see {@link dumpEncoding}; UTF8 when left out
 * @throws AppError when the snapshot is gone
 */
export async function importSnapshot(client: Client, id: string, encoding = "UTF8"): Promise<void> {
  await client.query("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
  try {
    await client.query(`SET TRANSACTION SNAPSHOT ${quoteLiteral(id)}`);
  } catch (error) {
    throw new AppError("snapshot-lost", `snapshot ${id} is gone: ${messageOf(error)}`, { cause: error });
  }
  await setUpReading(client, encoding);
}

/**
 * The encoding to dump a database in: UTF8, which every client can read, but SQL_ASCII for a database in that, since its
 * bytes can be anything and the server converts none.
 */
export async function dumpEncoding(client: Client): Promise<"UTF8" | "SQL_ASCII"> {
  const { rows } = await client.query<{ server_encoding: string }>("SHOW server_encoding");
  return rows[0]?.server_encoding === "SQL_ASCII" ? "SQL_ASCII" : "UTF8";
}

/**
 * Takes `ACCESS SHARE` locks in the client's transaction, so that none of the tables can be dropped, truncated or
 * rewritten until it ends; readers and writers are not held up.
 * @param waitMs how long to wait for somebody else's stronger lock
 * @returns false when the server's lock table has no room for all of them and what else is asked: then none is held, and the
 * transaction goes on
 * @throws RefusedError when a table is locked by others or has been dropped
 */
export async function lockTables(client: Client, tables: readonly TableName[], waitMs: number): Promise<boolean> {
  if (tables.length === 0) return true;
  await client.query("SAVEPOINT before_locks");
  await client.query(`SET LOCAL lock_timeout = ${Math.max(1, Math.round(waitMs))}`);
  // a statement of a thousand names instead of a round trip a table
  for (let start = 0; start < tables.length; start += 1000) {
    const names = tables.slice(start, start + 1000).map(({ schema, name }) => `ONLY ${qualifiedName(schema, name)}`);
    try {
      await client.query(`LOCK TABLE ${names.join(", ")} IN ACCESS SHARE MODE`);
      if (start + 1000 >= tables.length) await tryRoom(client);
    } catch (error) {
      const isFull = sqlState(error) === "53200";
      if (!isFull && sqlState(error) !== "55P03") throw lockError(error, waitMs, []);
      await client.query("ROLLBACK TO SAVEPOINT before_locks");
      if (!isFull) throw lockError(error, waitMs, await lockHolders(client));
      return false;
    }
  }
  await client.query("SET LOCAL lock_timeout = 0");
  return true;
}

/**
 * Fails (53200) unless there is room for what our sessions and others lock besides: the last of it is not ours to take.
 */
async function tryRoom(client: Client): Promise<void> {
  await client.query(
    `SAVEPOINT room; SELECT pg_catalog.count(pg_catalog.pg_try_advisory_xact_lock_shared(${operationLockClass}, n))
       FROM pg_catalog.generate_series(${firstSpareLock}, ${firstSpareLock + spareLocks - 1}) n; ROLLBACK TO SAVEPOINT room; RELEASE SAVEPOINT room`,
  );
}

function lockError(error: unknown, waitMs: number, details: readonly string[]): unknown {
  switch (sqlState(error)) {
    case "55P03":
      return new RefusedError("tables-locked", `a table stayed locked by others for ${waitMs / 1000} s`, {
        cause: error,
        details,
        hints: [lockHint],
      });
    case "42P01":
      return new RefusedError("table-dropped", `a table was dropped in the meantime: ${messageOf(error)}`, {
        cause: error,
        hints: ["try again"],
      });
    default:
      return error;
  }
}

/** The settings pg_dump reads with, so that texts come back as the same values whatever the server's own settings are. */
async function setUpReading(client: Client, encoding?: string): Promise<void> {
  await client.query(
    [
      "SET search_path = ''",
      "SET DateStyle = 'ISO'",
      "SET IntervalStyle = 'postgres'",
      "SET extra_float_digits = 3",
      "SET bytea_output = 'hex'",
      "SET xmloption = 'content'",
      "SET row_security = off",
      // several sessions read pieces of one table, each its own
      "SET synchronize_seqscans = off",
      // nor does a session use more cores than one
      "SET max_parallel_workers_per_gather = 0",
      ...(encoding === undefined ? [] : [`SET client_encoding = ${quoteLiteral(encoding)}`]),
    ].join("; "),
  );
}

async function whyLost(client: Client): Promise<AppError | undefined> {
  const before = lostConnection(client);
  if (before !== undefined) return sessionLost(before);
  // Its last words may be on their way, and are the answer then.
  const answer = await client.query("SELECT 1").then(
    () => undefined,
    (error: unknown) => error,
  );
  return isConnectionEnd(answer) || isRecoveryConflict(answer) ? sessionLost(answer as Error) : undefined;
}

function sessionLost(cause: Error): AppError {
  return new AppError("snapshot-lost", `the session that holds the snapshot has ended: ${cause.message}`, { cause });
}

async function close(client: Client): Promise<void> {
  if (lostConnection(client) === undefined) await client.query("ROLLBACK").catch(() => {});
  await client.end().catch(() => {});
}
