import type { Client } from "./connection.ts";
import type { TablePiece } from "./ctid-pieces.ts";
import { qualifiedName } from "./quoting.ts";
import { isConnectionEnd } from "./server-error.ts";

/** What is asked spares work, so it waits for nobody: planning locks indexes as well, which COPY of a whole table does not. */
const waitMs = 100;

/** What was seen of a piece at an earlier snapshot. */
export interface EarlierPiece {
  /** See `TransactionHorizon`. */
  endedBelow: bigint;
  /** How many it had. */
  rows: number;
}

/**
 * Whether a piece of a table has exactly the rows that an earlier snapshot saw in it, without reading what they hold.
 *
 * A row stays where it is (its ctid) until it is deleted or its table is written anew, which gives it another filenode; a change
 * writes another row, by another transaction. So, of a table with the same filenode: a row that is seen now, and whose transaction
 * had ended at the earlier snapshot, was seen then as well, at this place, as it is now. When all rows of the piece are such, and
 * they are as many as there were, they are the same. The caller sees to it that both snapshots are of one course of transactions
 * (`isComparable` says what else), and that the filenode is the same.
 * @param client in the snapshot's transaction
 * @param lockTimeoutMs that the transaction is to have afterwards
 * @returns false as well when that cannot be asked now
 */
export async function hasSameRows(
  client: Client,
  { schema, name, where }: Pick<TablePiece, "schema" | "name" | "where">,
  { endedBelow, rows: expected }: EarlierPiece,
  lockTimeoutMs: number,
): Promise<boolean> {
  await client.query(`SAVEPOINT same_rows; SET LOCAL lock_timeout = ${waitMs}`);
  let same: boolean;
  try {
    // A frozen row still bears the number of its transaction. Of those below 3, which count as older than any, pg_surgery makes some.
    const { rows } = await client.query<{ rows: string; old: string }>(
      `SELECT pg_catalog.count(*)::text AS rows,
              (pg_catalog.count(*) FILTER (WHERE pg_catalog.age(xmin) > (SELECT pg_catalog.age($1::xid))
                                             AND pg_catalog.age(xmin) < 2147483647))::text AS old
         FROM ONLY ${qualifiedName(schema, name)} ${where}`,
      [String(BigInt.asUintN(32, endedBelow))],
    );
    const found = rows[0];
    same = found !== undefined && found.rows === found.old && Number(found.rows) === expected;
  } catch (error) {
    if (isConnectionEnd(error)) throw error;
    // Whatever it was, reading the rows meets it again, or does not.
    same = false;
    await client.query("ROLLBACK TO SAVEPOINT same_rows");
  }
  await client.query(`RELEASE SAVEPOINT same_rows; SET LOCAL lock_timeout = ${lockTimeoutMs}`);
  return same;
}
