import type { Client } from "./connection.ts";
import type { TablePiece } from "./ctid-pieces.ts";
import { qualifiedName } from "./quoting.ts";

/**
 * Whether a piece of a table has exactly the rows that an earlier snapshot saw in it, without reading what they hold.
 *
 * A row stays where it is (its ctid) until it is deleted or its table is written anew, which gives it another filenode; a change
 * writes another row, by another transaction. So, of a table with the same filenode: a row that is seen now, and whose transaction
 * had ended at the earlier snapshot, was seen then as well, at this place, as it is now. When all rows of the piece are such, and
 * they are as many as there were, they are the same. The caller sees to it that both snapshots are of one course of transactions
 * ({@link isComparable} says what else), and that the filenode is the same.
 * @param client in the snapshot's transaction
 * @param earlier `endedBelow`: see `TransactionHorizon`; `rows`: those that the piece had
 */
export async function hasSameRows(
  client: Client,
  { schema, name, where }: Pick<TablePiece, "schema" | "name" | "where">,
  earlier: { endedBelow: bigint; rows: number },
): Promise<boolean> {
  // Of a frozen row `xmin` still tells the transaction; one of before PostgreSQL 9.4 may have a number that is older than all.
  const { rows } = await client.query<{ rows: string; old: string }>(
    `SELECT pg_catalog.count(*)::text AS rows,
            (pg_catalog.count(*) FILTER (WHERE pg_catalog.age(xmin) > (SELECT pg_catalog.age($1::xid))))::text AS old
       FROM ONLY ${qualifiedName(schema, name)} ${where}`,
    [String(BigInt.asUintN(32, earlier.endedBelow))],
  );
  const found = rows[0];
  return found !== undefined && found.rows === found.old && Number(found.rows) === earlier.rows;
}
