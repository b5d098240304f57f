import type { Application } from "../../applications/application.ts";
import { RefusedError } from "../../errors.ts";
import type { Client } from "../../postgres/connection.ts";
import { heapAndToastBytes } from "../../postgres/table-size.ts";

/** A table whose rows a backup saves, as it was before the snapshot. */
export interface SavedTable {
  oid: string;
  schema: string;
  name: string;
  /** Heap and TOAST; indexes and the maps of free space left out, which take three times that of a table of 20 rows. */
  sizeBytes: number;
}

/**
 * Lists the ordinary tables whose rows are saved, those of extensions left out.
 * @throws RefusedError (exit 4) when somebody keeps one of them locked
 */
export async function savedTables(client: Client, application: Application): Promise<SavedTable[]> {
  const { rows } = await client
    .query<SavedTable>(
      `select c.oid::text as oid, n.nspname as schema, c.relname as name, ${heapAndToastBytes("c")} as "sizeBytes"
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
       and not exists (select from pg_catalog.pg_depend d where d.objid = c.oid and d.deptype = 'e')`,
    )
    .catch((error: unknown) => {
      if ((error as { code?: string }).code !== "55P03") throw error;
      throw new RefusedError("tables-locked", "a table stayed locked by others, so that its size cannot be looked up", {
        cause: error,
        hints: [
          "see who holds it: SELECT * FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE mode LIKE '%Exclusive%'",
        ],
      });
    });
  return rows.filter((table) => !application.leavesOutRows(table));
}
