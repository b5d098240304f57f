import type { Client } from "./connection.ts";

/** A table's rows as COPY writes them, as far as the catalogs tell. */
interface RowForm {
  oid: string;
  /** SHA-256 of its columns in order: number, type, type modifier, whether they are generated, and name of each. */
  form: string | null;
  /** Whether the text of every value follows from what is stored in its row alone. */
  isFixed: boolean;
}

/**
 * Looks up what the text of a table's rows depends on besides the rows: the same form again means that a row which nobody has
 * touched gives the same values again. That covers what an ALTER TABLE changes without writing the rows anew: a column that
 * was added (its value stands in the catalogs), dropped, or dropped and added again (its number differs), that has got
 * another type of the same binary form, or is no longer generated and so comes out as well.
 *
 * A type counts as fixed when its output function is called immutable (by PostgreSQL, or by the extension that it is of); so do
 * dates and times, whose style our sessions set (of `timestamptz` the time zone may differ, not the moment), and arrays of all
 * these. Enums, `regclass` and its like, ranges and rows are not: what they are written as stands in the catalogs and can be renamed.
 * @param client in a transaction, whose snapshot sees the catalogs
 * @param oids of tables
 * @returns by OID, those tables that have a fixed form
 */
export async function fixedRowForms(client: Client, oids: readonly number[]): Promise<Map<number, string>> {
  // Digested by the server: names need not be text that a client can read.
  const { rows } = await client.query<RowForm>(
    `SELECT a.attrelid::text AS oid,
            pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
              pg_catalog.string_agg(pg_catalog.concat_ws(' ', a.attnum, a.atttypid, a.atttypmod, a.attgenerated::text,
                                                         pg_catalog.quote_ident(a.attname)), ', ' ORDER BY a.attnum),
              pg_catalog.getdatabaseencoding())), 'hex') AS form,
            pg_catalog.bool_and(o.provolatile = 'i'
              OR o.oid IN ('pg_catalog.date_out'::regproc, 'pg_catalog.timestamp_out'::regproc,
                           'pg_catalog.timestamptz_out'::regproc, 'pg_catalog.interval_out'::regproc)) AS "isFixed"
       FROM pg_catalog.pg_attribute a
       JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
       LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typoutput = 'pg_catalog.array_out'::regproc
       JOIN pg_catalog.pg_proc o ON o.oid = coalesce(e.typoutput, t.typoutput)
      WHERE a.attrelid = ANY($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
      GROUP BY a.attrelid`,
    [oids],
  );
  return new Map(rows.flatMap(({ oid, form, isFixed }) => (isFixed && form !== null ? [[Number(oid), form]] : [])));
}
