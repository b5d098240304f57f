import type { Client } from "../connection.ts";
import type { PlannedEntry } from "../load/load-order.ts";

/** A thing that belongs to the database and to no schema: it cannot be moved aside, so it stays as it is. */
export interface DatabaseWideObject {
  /** Description that a table of contents gives it: `PUBLICATION`, `EVENT TRIGGER`, ... */
  kind: string;
  name: string;
  owner: string;
}

/** Publications, event triggers, foreign servers and the like that belong to no extension. */
export async function listDatabaseWide(client: Client): Promise<DatabaseWideObject[]> {
  const { rows } = await client.query<DatabaseWideObject>(`
    with object(catalog, oid, kind, name, owner) as (
      select 'pg_publication', oid, 'PUBLICATION', pubname, pubowner from pg_catalog.pg_publication
      union all select 'pg_event_trigger', oid, 'EVENT TRIGGER', evtname, evtowner from pg_catalog.pg_event_trigger
      union all select 'pg_foreign_data_wrapper', oid, 'FOREIGN DATA WRAPPER', fdwname, fdwowner
                  from pg_catalog.pg_foreign_data_wrapper
      union all select 'pg_foreign_server', oid, 'SERVER', srvname, srvowner from pg_catalog.pg_foreign_server
      union all select 'pg_language', oid, 'PROCEDURAL LANGUAGE', lanname, lanowner from pg_catalog.pg_language
                 where lanispl)
    select o.kind, o.name::text as name, pg_catalog.pg_get_userbyid(o.owner) as owner from object o
     where not exists (select from pg_catalog.pg_depend d
                        where d.classid = ('pg_catalog.' || o.catalog)::pg_catalog.regclass and d.objid = o.oid
                          and d.deptype = 'e')
     order by 1, 2`);
  return rows;
}

/** Splits entries into those to run and those that make what the database has and keeps. */
export function splitExisting(
  entries: readonly PlannedEntry[],
  existing: readonly DatabaseWideObject[],
): { run: PlannedEntry[]; existing: PlannedEntry[] } {
  const names = new Set(existing.map(({ kind, name }) => JSON.stringify([kind, name])));
  const stays = ({ entry }: PlannedEntry): boolean => names.has(JSON.stringify([entry.description, entry.tag]));
  return { run: entries.filter((planned) => !stays(planned)), existing: entries.filter(stays) };
}
