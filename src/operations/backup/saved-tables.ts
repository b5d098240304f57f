import type { Application } from "../../applications/application.ts";
import { RefusedError } from "../../errors.ts";
import type { Client } from "../../postgres/connection.ts";
import { qualifiedName } from "../../postgres/quoting.ts";
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
 * @throws RefusedError (exit 4) when somebody keeps one of them locked, a name is no text, or
 * policies keep rows from us
 */
export async function savedTables(client: Client, application: Application): Promise<SavedTable[]> {
  const { rows } = await client
    .query<SavedTable & { filtered: boolean }>(
      `select c.oid::text as oid, n.nspname as schema, c.relname as name, ${heapAndToastBytes("c")} as "sizeBytes",
         c.relrowsecurity and pg_catalog.row_security_active(c.oid) as filtered
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
       and not exists (select from pg_catalog.pg_depend d where d.objid = c.oid and d.deptype = 'e')`,
    )
    .catch((error: unknown) => {
      const { code } = error as { code?: string };
      // only a database in SQL_ASCII can hold one: its server converts nothing, and does not hand on what is no text
      if (code === "22021")
        throw new RefusedError(
          "name-not-text",
          "a table or a schema has a name that is no UTF-8, so that it cannot be named",
          {
            cause: error,
            hints: [
              "give it another name: SELECT oid, relnamespace FROM pg_class WHERE relname::text ~ '[^[:ascii:]]'; ALTER TABLE ... RENAME TO ...",
            ],
          },
        );
      if (code !== "55P03") throw error;
      throw new RefusedError("tables-locked", "a table stayed locked by others, so that its size cannot be looked up", {
        cause: error,
        hints: [
          "see who holds it: SELECT * FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE mode LIKE '%Exclusive%'",
        ],
      });
    });
  const tables = rows.filter((table) => !application.leavesOutRows(table));
  refuseFiltered(tables.filter(({ filtered }) => filtered));
  return tables.map(({ oid, schema, name, sizeBytes }) => ({ oid, schema, name, sizeBytes }));
}

/** Policies hold for the owner of a table, too, when they are forced: a backup by that role would lack rows. */
function refuseFiltered(tables: readonly SavedTable[]): void {
  const names = tables.map(({ schema, name }) => qualifiedName(schema, name));
  if (names.length === 0) return;
  throw new RefusedError(
    "row-security",
    `policies of row-level security keep rows of ${names.length} ${names.length === 1 ? "table" : "tables"} from the role`,
    {
      details: names.slice(0, 20),
      hints: [
        "back up as a role that they do not hold for: ALTER ROLE ... BYPASSRLS;  -- as superuser",
        `or lift them from the owner: ALTER TABLE ${names[0]} NO FORCE ROW LEVEL SECURITY;`,
      ],
    },
  );
}
