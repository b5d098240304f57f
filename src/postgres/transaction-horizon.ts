import type { Client } from "./connection.ts";

/**
 * Which database a snapshot is of, and where it stands in the order of its transactions. Numbers have 64 bits, which the server
 * counts on without end; rows hold the lower 32 of them.
 */
export interface TransactionHorizon {
  /** Identifier of the server's data folder and OID of the database: another one has transactions of its own. */
  database: string;
  /** Every transaction below had ended when the snapshot was taken; what it had committed, the snapshot sees. */
  endedBelow: bigint;
  /** No transaction from here on had begun. */
  nextNumber: bigint;
}

/** The oldest server that is asked. */
const leastServerVersion = 140_000;

/** @param client in the snapshot's transaction @returns undefined on a server before PostgreSQL 14, and where we may not ask */
export async function readTransactionHorizon(
  client: Client,
  serverVersionNum: number,
): Promise<TransactionHorizon | undefined> {
  if (serverVersionNum < leastServerVersion) return undefined;
  const { rows: allowed } = await client.query<{ may: boolean }>(
    "SELECT pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute') AS may",
  );
  if (allowed[0]?.may !== true) return undefined;
  const { rows } = await client.query<{ database: string; below: string; next: string }>(
    `SELECT s.system_identifier || '/' || d.oid AS database,
            pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text AS below,
            pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text AS next
       FROM pg_catalog.pg_control_system() s, pg_catalog.pg_database d
      WHERE d.datname = pg_catalog.current_database()`,
  );
  const row = rows[0];
  return row && { database: row.database, endedBelow: BigInt(row.below), nextNumber: BigInt(row.next) };
}

/** Rows tell transactions apart that are less than 2^31 numbers away from the newest; we stay far from that. */
const comparableNumbers = 2n ** 30n;

/**
 * Whether rows of this snapshot can be held against an earlier one of the same database: whether `age(xmin)` tells if a row was
 * written by a transaction that had ended then.
 */
export function isComparable(
  earlier: Pick<TransactionHorizon, "database" | "endedBelow">,
  now: TransactionHorizon,
): boolean {
  const { endedBelow } = earlier;
  return (
    earlier.database === now.database && endedBelow <= now.endedBelow && now.nextNumber - endedBelow < comparableNumbers
  );
}
