import type { Client } from "./connection.ts";
import { qualifiedName } from "./quoting.ts";

/** A table as it stood in the catalogs at a moment. */
export interface TableFile {
  oid: number;
  schema: string;
  name: string;
  filenode: number | null;
}

/**
 * Finds tables that were rewritten since. A table that ALTER TABLE or TRUNCATE has rewritten looks empty to older
 * snapshots, without any error; while its lock is held, its file tells.
 * @param client in a transaction that holds a lock on each of the tables
 * @returns their quoted names
 */
export async function rewrittenTables(client: Client, tables: readonly TableFile[]): Promise<string[]> {
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
