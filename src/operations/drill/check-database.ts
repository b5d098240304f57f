import type { Manifest } from "../../archive/manifest.ts";
import type { Client } from "../../postgres/connection.ts";
import { qualifiedName, quoteIdentifier } from "../../postgres/quoting.ts";
import { formatCount } from "../../terminal/format.ts";
import { type DrillCheck, faultOf, looked, skipped } from "./drill-check.ts";

/** Catalogs, and what belongs to extensions, are the server's own affair. */
const ownTable = `c.relnamespace NOT IN ('pg_catalog'::pg_catalog.regnamespace, 'information_schema'::pg_catalog.regnamespace)
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND e.objid = c.oid AND e.deptype = 'e')`;

/**
 * Counts the rows of every table that the manifest lists. `spatial_ref_sys` is brought in step with the instance's own
 * definitions by the restore, so it may have more.
 */
export async function checkRows(client: Client, manifest: Manifest | undefined): Promise<DrillCheck> {
  const check = "rows";
  if (manifest === undefined)
    return skipped(check, "rows are not counted: NextGIS Web's own archives do not say how many");
  const faults: string[] = [];
  let tables = 0;
  let rows = 0;
  for (const { table, rows: expected } of manifest.entries.values()) {
    if (table === undefined || expected === undefined) continue;
    tables += 1;
    const name = qualifiedName(table.schema, table.name);
    const found = await countRows(client, name);
    rows += typeof found === "number" ? found : 0;
    const fits = table.name === "spatial_ref_sys" ? Number(found) >= expected : found === expected;
    if (!fits) faults.push(`table ${name}: expected ${expected} rows, found ${found}`);
  }
  return looked(check, `${formatCount(rows)} rows of ${formatCount(tables)} tables counted`, faults);
}

async function countRows(client: Client, name: string): Promise<number | string> {
  try {
    const { rows } = await client.query<{ count: string }>(`SELECT count(*) FROM ONLY ${name}`);
    return Number(rows[0]?.count);
  } catch (error) {
    return faultOf(error);
  }
}

/** Looks for rows that refer to nothing, by every foreign key that the source's server held its rows to. */
export async function checkForeignKeys(client: Client): Promise<DrillCheck> {
  const { rows: keys } = await client.query<{
    name: string;
    child: string;
    parent: string;
    columns: [string, string][];
    validated: boolean;
  }>(
    `SELECT o.conname AS name, o.conrelid::pg_catalog.regclass::text AS child, o.confrelid::pg_catalog.regclass::text AS parent,
            o.convalidated AS validated,
            (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(pg_catalog.quote_ident(a.attname), pg_catalog.quote_ident(b.attname)))
               FROM ROWS FROM (pg_catalog.unnest(o.conkey), pg_catalog.unnest(o.confkey)) AS k (child, parent)
               JOIN pg_catalog.pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = k.child
               JOIN pg_catalog.pg_attribute b ON b.attrelid = o.confrelid AND b.attnum = k.parent) AS columns
       FROM pg_catalog.pg_constraint o WHERE o.contype = 'f' AND o.conparentid = 0 ORDER BY 2, 1`,
  );
  const faults: string[] = [];
  const validated = keys.filter((key) => key.validated);
  for (const { name, child, parent, columns } of validated) {
    const matches = columns.map(([own, other]) => `p.${other} = c.${own}`).join(" AND ");
    const present = columns.map(([own]) => `c.${own} IS NOT NULL`).join(" AND ");
    const { rows } = await client.query<{ count: string }>(
      `SELECT count(*) FROM ${child} c WHERE ${present} AND NOT EXISTS (SELECT FROM ${parent} p WHERE ${matches})`,
    );
    const orphans = Number(rows[0]?.count);
    if (orphans > 0)
      faults.push(`foreign key ${quoteIdentifier(name)} of ${child}: ${orphans} rows refer to nothing in ${parent}`);
  }
  const left = keys.length - validated.length;
  const note = left === 0 ? "" : `, ${formatCount(left)} that hold only for new rows are left out`;
  return looked("foreign-keys", `${formatCount(validated.length)} foreign keys hold${note}`, faults);
}

/** Reads every geometry and geography to its last point. */
export async function checkGeometries(client: Client): Promise<DrillCheck> {
  const { rows: columns } = await client.query<{ relation: string; column: string; type: string; functions: string }>(
    `SELECT c.oid::pg_catalog.regclass::text AS relation, pg_catalog.quote_ident(a.attname) AS column, t.typname AS type,
            pg_catalog.quote_ident(n.nspname) AS functions
       FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
       JOIN pg_catalog.pg_type t ON t.oid = a.atttypid JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
      WHERE t.typname IN ('geometry', 'geography') AND c.relkind IN ('r', 'm') AND NOT a.attisdropped AND a.attnum > 0
        AND ${ownTable} ORDER BY 1, a.attnum`,
  );
  const check = "geometries";
  const faults: string[] = [];
  let count = 0;
  for (const { relation, column, type, functions } of columns) {
    const geometry = type === "geometry" ? column : `${column}::${functions}.geometry`;
    try {
      const { rows } = await client.query<{ count: string }>(
        `SELECT count(${column}), sum(${functions}.st_npoints(${geometry})) FROM ONLY ${relation}`,
      );
      count += Number(rows[0]?.count);
    } catch (error) {
      faults.push(`column ${column} of ${relation}: ${faultOf(error)}`);
    }
  }
  return looked(check, `${formatCount(count)} geometries of ${formatCount(columns.length)} columns read`, faults);
}

/** Looks that every index is valid, and compares each B-tree with its table where the server has `amcheck`. */
export async function checkIndexes(client: Client): Promise<DrillCheck> {
  const { rows: indexes } = await client.query<{ oid: string; name: string; valid: boolean; btree: boolean }>(
    `SELECT c.oid::text, c.oid::pg_catalog.regclass::text AS name, i.indisvalid AND i.indisready AS valid, m.amname = 'btree' AS btree
       FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_am m ON m.oid = c.relam
      WHERE c.relkind = 'i' AND ${ownTable} ORDER BY 2`,
  );
  const faults = indexes.filter(({ valid }) => !valid).map(({ name }) => `index ${name} is not valid`);
  const trees = indexes.filter(({ valid, btree }) => valid && btree);
  let amcheck: string;
  try {
    amcheck = await amcheckSchema(client);
  } catch (error) {
    const message = `${formatCount(indexes.length)} indexes are valid; not compared with their tables: ${faultOf(error)}`;
    return looked("indexes", message, faults);
  }
  for (const { oid, name } of trees) {
    try {
      await client.query(`SELECT ${amcheck}.bt_index_check($1::pg_catalog.oid::pg_catalog.regclass, true)`, [oid]);
    } catch (error) {
      faults.push(`index ${name}: ${faultOf(error)}`);
    }
  }
  const message = `${formatCount(indexes.length)} indexes are valid, ${formatCount(trees.length)} B-trees agree with their tables`;
  return looked("indexes", message, faults);
}

/** Installs `amcheck` where it is missing. @returns its schema, quoted @throws what the server says when it cannot be had */
async function amcheckSchema(client: Client): Promise<string> {
  await client.query("CREATE EXTENSION IF NOT EXISTS amcheck");
  const { rows } = await client.query<{ schema: string }>(
    `SELECT pg_catalog.quote_ident(n.nspname) AS schema FROM pg_catalog.pg_extension e
       JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'amcheck'`,
  );
  return rows[0]?.schema ?? "public";
}
