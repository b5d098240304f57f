import { detectApplication } from "../../applications/detect.ts";
import type { Client } from "../../postgres/connection.ts";
import { markerPrefix } from "../../postgres/in-place/markers.ts";

/** What an instance holds now, as far as its database tells; null for what it does not. */
export interface PresentState {
  tables: number;
  databaseBytes: number | null;
  /** Files that rows refer to. */
  files: number | null;
  fileBytes: number | null;
}

/** Looks at what a restore would replace. */
export async function lookAtPresent(client: Client): Promise<PresentState> {
  // Those of the application: neither the server's own, nor those of extensions, nor a previous state that is kept.
  const { rows } = await client.query<{ tables: string; bytes: string | null }>(
    `select count(*)::text as tables,
       case when pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CONNECT')
         then pg_catalog.pg_database_size(pg_catalog.current_database())::text end as bytes
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and c.relpersistence <> 't'
       and n.nspname <> 'information_schema' and n.nspname not like 'pg\\_%'
       and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
         and d.objid = c.oid and d.deptype = 'e')
       and coalesce(not pg_catalog.starts_with(pg_catalog.obj_description(n.oid, 'pg_namespace'), $1), true)`,
    [markerPrefix],
  );
  const application = await detectApplication(client);
  const hasBlobs = (await application.blobTable(client)) !== undefined;
  const { blobs, sizeBytes } = await application.countBlobs(client);
  return {
    tables: Number(rows[0]?.tables ?? 0),
    databaseBytes: rows[0]?.bytes === null || rows[0] === undefined ? null : Number(rows[0].bytes),
    files: hasBlobs ? blobs : null,
    // Releases that do not keep sizes say nothing.
    fileBytes: hasBlobs && (blobs === 0 || sizeBytes > 0) ? sizeBytes : null,
  };
}
