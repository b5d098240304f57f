import type { Client } from "./connection.ts";

/** An ordinary table as the catalogs of a moment describe it. */
export interface TableState {
  oid: string;
  schema: string;
  name: string;
  /** As pg_dump writes the list of its COPY: not dropped, not generated, in order, quoted where needed; "" without any. */
  columns: string;
  /** Differs from what another moment gives if the table was altered, renamed, truncated or rewritten in between. */
  version: string;
}

/**
 * Describes tables as the client's snapshot sees them; takes no lock on any of them. Left out is whatever is no ordinary
 * table in a heap.
 *
 * A version is made of the transactions that last wrote the rows of pg_class, pg_namespace and pg_attribute about the table, and of
 * the file of its rows. A transaction's number does not come again, so that two equal versions mean that nothing has changed in
 * between, there and back included. VACUUM and ANALYZE write their figures in place and change no version; a GRANT or a VACUUM FULL
 * changes it without need.
 */
export async function tableStates(client: Client, oids: readonly string[]): Promise<TableState[]> {
  const { rows } = await client.query<TableState>(
    `SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name, coalesce(a.columns, '') AS columns,
            concat_ws(' ', n.oid, n.xmin, c.xmin, c.relfilenode, a.versions) AS version
       FROM pg_catalog.pg_class c
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_catalog.pg_am m ON m.oid = c.relam AND m.amname = 'heap'
       LEFT JOIN (
         SELECT attrelid,
                pg_catalog.string_agg(pg_catalog.quote_ident(attname), ', ' ORDER BY attnum)
                  FILTER (WHERE attgenerated = '') AS columns,
                pg_catalog.string_agg(attnum || ':' || xmin::text, ' ' ORDER BY attnum) AS versions
           FROM pg_catalog.pg_attribute
          WHERE attrelid = ANY ($1::oid[]) AND attnum > 0 AND NOT attisdropped
          GROUP BY attrelid) a ON a.attrelid = c.oid
      WHERE c.oid = ANY ($1::oid[]) AND c.relkind = 'r'`,
    [oids],
  );
  return rows;
}
