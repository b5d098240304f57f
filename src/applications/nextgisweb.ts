import type { Application, AppliedMigration, BlobRecord, SqlClient, TableName } from "./application.ts";
import { syncSpatialReferences } from "./spatial-references.ts";

/** Tables of schema public whose rows are sessions and tokens: nothing that a restore should bring back to life. */
const transientTables = new Set([
  "auth_oauth_atoken",
  "auth_oauth_ptoken",
  "auth_oauth_token",
  "auth_oauth_password_token",
  "pyramid_session",
  "pyramid_session_store",
]);

/** Blobs a cursor brings at once. */
const batchRows = 5000;

async function hasColumns(client: SqlClient, table: string, columns: readonly string[]): Promise<boolean> {
  const { rows } = await client.query(
    `select count(*)::int as found from pg_catalog.pg_attribute a
     where a.attrelid = pg_catalog.to_regclass($1) and not a.attisdropped and a.attname = any($2::text[])`,
    [table, columns],
  );
  return (rows[0] as { found: number }).found === columns.length;
}

/** Reads a jsonb setting of the application's as text; null when it is not there. */
async function readSetting(client: SqlClient, component: string, name: string): Promise<string | null> {
  if (!(await hasColumns(client, "public.setting", ["component", "name", "value"]))) return null;
  const { rows } = await client.query(
    "select value::jsonb #>> '{}' as value from public.setting where component = $1 and name = $2",
    [component, name],
  );
  return (rows[0] as { value: string | null } | undefined)?.value ?? null;
}

/** The time as Python's naive `datetime.isoformat()` gives it, in UTC: microseconds unless they are zero. */
function naiveIsoFormat(time: Date): string {
  const text = time.toISOString().slice(0, -1);
  return text.endsWith(".000") ? text.slice(0, -4) : `${text}000`;
}

/** NextGIS Web 3.3 to 5.5, as docs/architecture.md describes what is special about it. */
export const nextgisweb: Application = {
  name: "nextgisweb",
  components: new Map([
    ["file_storage", "fileobj"],
    ["core", "font"],
  ]),
  migrationTable: { schema: "public", name: "core_migration" },

  leavesOutRows({ schema, name }: TableName): boolean {
    return schema === "tile_cache" || (schema === "public" && transientTables.has(name));
  },

  async blobTable(client) {
    return (await hasColumns(client, "public.fileobj", ["component", "uuid"])) ? "public.fileobj" : undefined;
  },

  async countBlobs(client) {
    if ((await this.blobTable(client)) === undefined) return { blobs: 0, sizeBytes: 0 };
    const size = (await hasColumns(client, "public.fileobj", ["size"])) ? "coalesce(sum(size), 0)" : "0";
    const { rows } = await client.query(`select count(*)::text as blobs, (${size})::text as size from public.fileobj`);
    const row = rows[0] as { blobs: string; size: string };
    return { blobs: Number(row.blobs), sizeBytes: Number(row.size) };
  },

  async *listBlobs(client) {
    if ((await this.blobTable(client)) === undefined) return;
    const size = (await hasColumns(client, "public.fileobj", ["size"])) ? "size::text" : "null::text";
    await client.query(
      `declare ngwbackup_blobs no scroll cursor for
       select component, uuid, ${size} as size from public.fileobj order by component collate "C", uuid collate "C"`,
    );
    try {
      for (;;) {
        const { rows } = await client.query(`fetch ${batchRows} from ngwbackup_blobs`);
        if (rows.length === 0) return;
        yield (rows as { component: string; uuid: string; size: string | null }[]).map((row): BlobRecord => ({
          component: row.component,
          uuid: row.uuid,
          sizeBytes: row.size === null ? null : Number(row.size),
        }));
      }
    } finally {
      // After an error the transaction is aborted and the cursor gone with it.
      await client.query("close ngwbackup_blobs").catch(() => undefined);
    }
  },

  async knownBlobs(client, names) {
    const { rows } = await client.query(
      `select exists (select from public.fileobj f where f.component = n.component and f.uuid = n.uuid) as known
       from unnest($1::text[], $2::text[]) with ordinality as n(component, uuid, place) order by n.place`,
      [names.map(({ component }) => component), names.map(({ uuid }) => uuid)],
    );
    return (rows as { known: boolean }[]).map(({ known }) => known);
  },

  instanceId: (client) => readSetting(client, "core", "instance_id"),

  async appliedMigrations(client) {
    if (!(await hasColumns(client, "public.core_migration", ["component", "revision"]))) return null;
    const { rows } = await client.query("select component, revision from public.core_migration order by 1, 2");
    return rows as AppliedMigration[];
  },

  async recordBackup(client, startedAt) {
    if (!(await hasColumns(client, "public.setting", ["component", "name", "value"]))) return;
    const value = JSON.stringify(naiveIsoFormat(startedAt));
    // Without ON CONFLICT: old releases may lack the key it needs.
    const updated = await client.query(
      "update public.setting set value = $1 where component = 'core' and name = 'last_backup'",
      [value],
    );
    if (updated.rowCount === 0)
      await client.query("insert into public.setting (component, name, value) values ('core', 'last_backup', $1)", [
        value,
      ]);
  },

  async backupMark(client) {
    const { rows: tables } = await client.query(
      "select from pg_catalog.pg_class where oid = pg_catalog.to_regclass('public.setting') and relkind = 'r'",
    );
    if (tables.length === 0 || !(await hasColumns(client, "public.setting", ["component", "name", "value"])))
      return null;
    const { rows } = await client.query(
      `select pg_catalog.string_agg(xmin::text || ' ' || value::text, ', ' order by ctid) as mark
       from only public.setting where component = 'core' and name = 'last_backup'`,
    );
    return (rows[0] as { mark: string | null }).mark;
  },

  afterLoad: syncSpatialReferences,
};
