import type { Client } from "../connection.ts";
import { qualifiedName, quoteIdentifier, quoteLiteral } from "../quoting.ts";

/** A table of an extension whose local rows a dump carries, such as `spatial_ref_sys`. */
export interface ExtensionTable {
  extension: string;
  schema: string;
  table: string;
  /** Condition of the local rows, starting with WHERE; "" when every row is one. */
  condition: string;
  /** Whether the role may read, add and delete rows. */
  writable: boolean;
}

/** Tables that extensions have marked for pg_dump (`pg_extension.extconfig`). */
export async function listExtensionTables(client: Client): Promise<ExtensionTable[]> {
  const { rows } = await client.query<ExtensionTable>(`
    select e.extname as extension, n.nspname as schema, c.relname as table,
           coalesce(e.extcondition[i], '') as condition,
           pg_catalog.has_table_privilege(c.oid, 'SELECT') and pg_catalog.has_table_privilege(c.oid, 'INSERT')
             and pg_catalog.has_table_privilege(c.oid, 'DELETE') as writable
      from pg_catalog.pg_extension e
      cross join lateral pg_catalog.generate_subscripts(e.extconfig, 1) i
      join pg_catalog.pg_class c on c.oid = e.extconfig[i] and c.relkind in ('r', 'p')
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     order by e.extname, c.oid`);
  return rows;
}

/** Bytes of a large object copied by one statement. */
const pageBytes = 1024 * 1024;

/**
 * Copies into a schema of ours what cannot be moved, and takes it away: local rows of extension tables, and the large
 * objects of the role, whose numbers must be free for those of the archive. Within the caller's transaction.
 */
export async function keepNotes(client: Client, notes: string): Promise<void> {
  const inNotes = (table: string): string => qualifiedName(notes, table);
  await client.query(
    `CREATE TABLE ${inNotes("extension_table")} (schema_name text, table_name text, kept_in text);
     CREATE TABLE ${inNotes("large_object")} (loid oid PRIMARY KEY, comment text, grants text[]);
     CREATE TABLE ${inNotes("large_object_page")} (loid oid, offset_bytes bigint, content bytea)`,
  );
  const tables = (await listExtensionTables(client)).filter((table) => table.writable);
  for (const [index, { schema, table, condition }] of tables.entries()) {
    const kept = `extension_table_${index}`;
    const name = qualifiedName(schema, table);
    // all rows, because the application changes stock ones too
    await client.query(`CREATE TABLE ${inNotes(kept)} AS TABLE ${name}`);
    await client.query(`INSERT INTO ${inNotes("extension_table")} VALUES ($1, $2, $3)`, [schema, table, kept]);
    await client.query(`DELETE FROM ${name} ${condition}`);
  }
  await keepLargeObjects(client, notes);
}

async function keepLargeObjects(client: Client, notes: string): Promise<void> {
  const objects = qualifiedName(notes, "large_object");
  await client.query(`
    INSERT INTO ${objects}
    SELECT m.oid, pg_catalog.obj_description(m.oid, 'pg_largeobject'),
           (SELECT pg_catalog.array_agg(pg_catalog.format('GRANT %s ON LARGE OBJECT %s TO %s%s', a.privilege_type, m.oid,
                     CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END,
                     CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END))
              FROM pg_catalog.aclexplode(m.lomacl) a WHERE a.grantee <> m.lomowner)
      FROM pg_catalog.pg_largeobject_metadata m WHERE pg_catalog.pg_has_role(m.lomowner, 'USAGE')`);
  const { rows } = await client.query<{ loid: string }>(`SELECT loid::text AS loid FROM ${objects} ORDER BY loid`);
  for (const { loid } of rows) {
    for (let offset = 0; ; offset += pageBytes) {
      const { rowCount } = await client.query(
        `INSERT INTO ${qualifiedName(notes, "large_object_page")}
         SELECT $1, $2, content FROM pg_catalog.lo_get($1::oid, $2::bigint, $3::integer) AS content
          WHERE pg_catalog.octet_length(content) > 0`,
        [loid, offset, pageBytes],
      );
      if (rowCount === 0) break;
    }
  }
  await client.query(`SELECT pg_catalog.lo_unlink(loid) FROM ${objects}`);
}

/**
 * Puts back what {@link keepNotes} copied, and drops the copies. The current rows and large objects must have been taken
 * away by a {@link keepNotes} of their own. Within the caller's transaction.
 */
export async function putBackNotes(client: Client, notes: string): Promise<void> {
  const inNotes = (table: string): string => qualifiedName(notes, table);
  const { rows: tables } = await client.query<{ schema: string; table: string; kept: string }>(
    `SELECT schema_name AS schema, table_name AS table, kept_in AS kept FROM ${inNotes("extension_table")}`,
  );
  const present = new Set((await listExtensionTables(client)).map(({ schema, table }) => qualifiedName(schema, table)));
  for (const { schema, table, kept } of tables) {
    const name = qualifiedName(schema, table);
    // the extension may have been dropped or moved since
    if (present.has(name)) await client.query(`DELETE FROM ${name}; INSERT INTO ${name} TABLE ${inNotes(kept)}`);
    await client.query(`DROP TABLE ${inNotes(kept)}`);
  }
  await client.query(`SELECT pg_catalog.lo_create(loid) FROM ${inNotes("large_object")}`);
  await client.query(
    `SELECT pg_catalog.lo_put(loid, offset_bytes, content) FROM ${inNotes("large_object_page")} ORDER BY loid, offset_bytes`,
  );
  const { rows: objects } = await client.query<{ loid: string; comment: string | null; grants: string[] | null }>(
    `SELECT loid::text AS loid, comment, grants FROM ${inNotes("large_object")} WHERE comment IS NOT NULL OR grants IS NOT NULL`,
  );
  for (const { loid, comment, grants } of objects) {
    if (comment !== null) await client.query(`COMMENT ON LARGE OBJECT ${loid} IS ${quoteLiteral(comment)}`);
    for (const grant of grants ?? []) await runOrSkip(client, grant);
  }
  await client.query(
    `DROP TABLE ${["extension_table", "large_object", "large_object_page"].map(inNotes).join(", ")};
     DROP SCHEMA ${quoteIdentifier(notes)}`,
  );
}

/** A role that was granted something may have been dropped since, which is no reason to give up the undo. */
async function runOrSkip(client: Client, sql: string): Promise<void> {
  await client.query("SAVEPOINT ngwbackup_grant");
  await client.query(sql).catch(() => client.query("ROLLBACK TO SAVEPOINT ngwbackup_grant"));
  await client.query("RELEASE SAVEPOINT ngwbackup_grant");
}
