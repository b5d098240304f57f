import { AppError } from "../errors.ts";
import type { Client } from "./connection.ts";
import { qualifiedName } from "./quoting.ts";

/** A table as the snapshot's catalogs have it. */
export interface TableFile {
  oid: number;
  schema: string;
  name: string;
  filenode: number | null;
}

/**
 * Ends a backup of tables that were rewritten since its snapshot. A table that ALTER TABLE or TRUNCATE has rewritten looks
 * empty to older snapshots, without any error; while its lock is held, its file tells. VACUUM FULL and CLUSTER, which leave
 * what a snapshot sees, cannot be told from those.
 * @param client in a transaction that holds a lock on each of the tables
 * @param hints what helps beside trying again
 * @throws AppError table-rewritten, which names them
 */
export async function ensureNotRewritten(
  client: Client,
  tables: readonly TableFile[],
  hints: readonly string[] = [],
): Promise<void> {
  const [first, ...others] = await rewrittenTables(client, tables);
  if (first === undefined) return;
  throw new AppError("table-rewritten", `${first} was rewritten while the backup ran`, {
    details: others,
    hints: ["try again", ...hints],
  });
}

async function rewrittenTables(client: Client, tables: readonly TableFile[]): Promise<string[]> {
  const { rows } = await client.query<{ place: number }>(
    `SELECT wanted.place::integer AS place
       FROM ROWS FROM (unnest($1::oid[]), unnest($2::oid[])) WITH ORDINALITY AS wanted(oid, filenode, place)
      WHERE pg_catalog.pg_relation_filenode(wanted.oid) IS DISTINCT FROM wanted.filenode`,
    [tables.map(({ oid }) => oid), tables.map(({ filenode }) => filenode)],
  );
  return rows.map(({ place }) => {
    const table = tables[place - 1]!;
    return qualifiedName(table.schema, table.name);
  });
}
