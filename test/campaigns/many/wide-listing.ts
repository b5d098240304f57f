import { createHash } from "node:crypto";
import type { Client } from "pg";
import type { ConnectionSettings } from "../../../src/postgres/settings.ts";
import { withClient } from "../../fixtures/postgres.ts";

/** Catalogs whose objects are listed by what the server calls them. */
const catalogs = [
  "pg_class", "pg_type", "pg_proc", "pg_constraint", "pg_attrdef", "pg_trigger", "pg_rewrite", "pg_policy", "pg_namespace", "pg_cast",
  "pg_operator", "pg_opclass", "pg_opfamily", "pg_collation", "pg_conversion", "pg_ts_config", "pg_ts_dict", "pg_statistic_ext",
  "pg_extension", "pg_foreign_data_wrapper", "pg_foreign_server", "pg_event_trigger", "pg_publication", "pg_publication_rel",
  "pg_publication_namespace", "pg_language", "pg_am", "pg_transform", "pg_default_acl",
] as const; // prettier-ignore

const ofTheServer = 16384;

/** Objects, comments and flags that the fingerprint of an instance does not look at, a line each. */
async function listLines(client: Client): Promise<string[]> {
  const { rows: present } = await client.query<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relname = ANY ($1)",
    [catalogs],
  );
  const objects = present
    .filter(({ name }) => name !== "pg_default_acl")
    .map(
      ({ name }) =>
        `SELECT '${name}'::regclass AS classid, oid FROM pg_catalog.${name} WHERE oid >= ${ofTheServer}${name === "pg_trigger" ? " AND NOT tgisinternal" : ""}`,
    )
    .join(" UNION ALL ");
  const queries = [
    `SELECT i.type || ' ' || i.identity AS line FROM (${objects}) o, LATERAL pg_identify_object(o.classid, o.oid, 0) i
      WHERE i.schema IS NULL OR i.schema !~ '^pg_toast'`,
    `SELECT 'comment on ' || i.type || ' ' || i.identity || ': ' || d.description AS line
       FROM pg_description d, LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) i
      WHERE d.objoid >= ${ofTheServer} AND d.classoid <> 'pg_largeobject'::regclass AND i.type <> 'subscription'`,
    `SELECT 'large object ' || oid || ' ' || md5(lo_get(oid)) || ' ' || coalesce(obj_description(oid, 'pg_largeobject'), '-') AS line
       FROM pg_largeobject_metadata`,
    `SELECT format('%I.%I', n.nspname, c.relname) || concat_ws(' ', '', c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity,
              c.relreplident, c.relispartition, c.relispopulated, c.reloptions, pg_get_expr(c.relpartbound, c.oid), m.amname) AS line
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_am m ON m.oid = c.relam
      WHERE c.oid >= ${ofTheServer} AND n.nspname !~ '^pg_toast'`,
    `SELECT format('%I.%I.%I', n.nspname, c.relname, a.attname) || concat_ws(' ', '', format_type(a.atttypid, a.atttypmod), a.attnotnull,
              a.attidentity, a.attgenerated, a.attstorage, a.attstattarget, a.attfdwoptions,
              -- a mark of the server's own in late minor releases, another one for each table
              (SELECT array_agg(o) FROM unnest(a.attoptions) o WHERE o NOT LIKE 'pg_attver=%'), a.attislocal, a.attinhcount) AS line
       FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE a.attrelid >= ${ofTheServer} AND a.attnum > 0 AND NOT a.attisdropped AND n.nspname !~ '^pg_toast'`,
    `SELECT conrelid::regclass || ' ' || conname || concat_ws(' ', '', convalidated, condeferrable, condeferred, conislocal) AS line
       FROM pg_constraint WHERE oid >= ${ofTheServer} AND contype <> 'n'`,
    `SELECT 'index ' || indexrelid::regclass || concat_ws(' ', '', indisvalid, indisready, indisclustered, indisreplident) AS line
       FROM pg_index WHERE indexrelid >= ${ofTheServer} AND indrelid NOT IN (SELECT oid FROM pg_class WHERE relkind = 't')`,
  ];
  const lines: string[] = [];
  for (const query of queries) {
    const { rows } = await client.query<{ line: string }>(query);
    lines.push(...rows.map(({ line }) => line));
  }
  return lines;
}

/** What sequences and materialized views hold, which are no tables. */
async function contentLines(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string; kind: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name, c.relkind AS kind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.oid >= ${ofTheServer} AND (c.relkind = 'S' OR c.relkind = 'm' AND c.relispopulated) ORDER BY 1`,
  );
  const lines: string[] = [];
  for (const { name, kind } of rows) {
    const sql =
      kind === "S"
        ? `SELECT last_value || ' ' || is_called AS text FROM ${name}`
        : `SELECT count(*) || ' ' || coalesce(md5(string_agg(v::text, E'\\n' ORDER BY v::text COLLATE "C")), '') AS text FROM ${name} v`;
    const found = await client.query<{ text: string }>(sql);
    lines.push(`${name} holds ${found.rows[0]?.text}`);
  }
  return lines;
}

/**
 * Everything of a database that can be told without numbers which a restore gives anew: objects of every kind with their
 * flags and comments, sequences, materialized views, large objects. Rows of tables are the fingerprint's.
 * @param settings of a superuser
 */
export async function wideListing(settings: ConnectionSettings): Promise<string[]> {
  return await withClient(settings, async (client) => {
    await client.query("BEGIN; SET LOCAL search_path = ''; SET LOCAL standard_conforming_strings = on");
    const lines = [...(await listLines(client)), ...(await contentLines(client))];
    await client.query("ROLLBACK");
    // long ones, such as the 1,600 columns of a row type, would fill the report
    return lines
      .map((line) =>
        line.length < 500 ? line : `${line.slice(0, 400)} ${createHash("md5").update(line).digest("hex")}`,
      )
      .toSorted();
  });
}
