import type { ManifestHeader } from "../../archive/manifest.ts";
import { readOwnLocale } from "../../postgres/collation-versions.ts";
import type { Client } from "../../postgres/connection.ts";

/** What the manifest says about the database. */
export type DatabaseFacts = ManifestHeader["database"];

/**
 * Looks at the database that is saved: versions, encoding, extensions, size.
 * @param client in the snapshot's transaction
 */
export async function readDatabaseFacts(client: Client): Promise<DatabaseFacts> {
  const { rows } = await client.query<{
    name: string;
    version: string;
    versionNum: number;
    encoding: string;
    collate: string;
    ctype: string;
    sizeBytes: string;
  }>(
    `select d.datname as name, current_setting('server_version') as version,
       current_setting('server_version_num')::int as "versionNum",
       pg_catalog.pg_encoding_to_char(d.encoding) as encoding, d.datcollate as collate, d.datctype as ctype,
       pg_catalog.pg_database_size(d.oid)::text as "sizeBytes"
     from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()`,
  );
  const extensions = await client.query<{ name: string; version: string; schema: string }>(
    `select e.extname as name, e.extversion as version, n.nspname as schema
     from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace order by 1`,
  );
  const row = rows[0]!;
  const locale = await readOwnLocale(client);
  return {
    name: row.name,
    serverVersion: row.version,
    serverVersionNum: row.versionNum,
    postgisVersion: extensions.rows.find(({ name }) => name === "postgis")?.version ?? null,
    encoding: row.encoding,
    collate: row.collate,
    ctype: row.ctype,
    ...(locale.version === undefined ? {} : { collationVersion: locale.version }),
    extensions: extensions.rows,
    sizeBytes: Number(row.sizeBytes),
  };
}
