import type { Client } from "../connection.ts";
import type { PlannedEntry } from "../load/load-order.ts";

/** A thing that belongs to the database and to no schema: it cannot be moved aside, so it stays as it is. */
export interface DatabaseWideObject {
  /** Description that a table of contents gives it: `PUBLICATION`, `EVENT TRIGGER`, ... */
  kind: string;
  name: string;
  owner: string;
}

/** Types that stay where they are: the server's own and those of extensions. */
const stayingTypes = `
  select t.oid from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
   where n.nspname = 'pg_catalog' or exists (
     select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass and d.objid = t.oid
        and d.deptype = 'e')`;

/**
 * Publications, event triggers, foreign servers and the like that belong to no extension. A cast of a type that moves aside
 * goes with it, and is none of them. The session's `search_path` must be empty, as pg_dump's is when it names types.
 */
export async function listDatabaseWide(client: Client): Promise<DatabaseWideObject[]> {
  const { rowCount: hasSchemas } = await client.query(
    "select from pg_catalog.pg_class where relname = 'pg_publication_namespace' and oid < 16384",
  );
  const { rows } = await client.query<DatabaseWideObject>(`
    with staying(oid) as (${stayingTypes}),
    object(catalog, oid, kind, name, owner) as (
      select 'pg_publication', oid, 'PUBLICATION', pubname::text, pubowner from pg_catalog.pg_publication
      union all select 'pg_event_trigger', oid, 'EVENT TRIGGER', evtname, evtowner from pg_catalog.pg_event_trigger
      union all select 'pg_foreign_data_wrapper', oid, 'FOREIGN DATA WRAPPER', fdwname, fdwowner
                  from pg_catalog.pg_foreign_data_wrapper
      union all select 'pg_foreign_server', oid, 'SERVER', srvname, srvowner from pg_catalog.pg_foreign_server
      union all select 'pg_language', oid, 'PROCEDURAL LANGUAGE', lanname, lanowner from pg_catalog.pg_language
                 where lanispl
      union all select 'pg_am', oid, 'ACCESS METHOD', amname, 10 from pg_catalog.pg_am where oid >= 16384
      union all select 'pg_user_mapping', umid,
                       'USER MAPPING', pg_catalog.format('USER MAPPING %s SERVER %s', usename, srvname), umuser
                  from pg_catalog.pg_user_mappings
      union all select 'pg_cast', c.oid, 'CAST', pg_catalog.format('CAST (%s AS %s)',
                       pg_catalog.format_type(castsource, null), pg_catalog.format_type(casttarget, null)), 10
                  from pg_catalog.pg_cast c where oid >= 16384
                   and castsource in (select oid from staying) and casttarget in (select oid from staying)
      union all select 'pg_transform', t.oid, 'TRANSFORM', pg_catalog.format('TRANSFORM FOR %s LANGUAGE %s',
                       pg_catalog.format_type(trftype, null), l.lanname), 10
                  from pg_catalog.pg_transform t join pg_catalog.pg_language l on l.oid = t.trflang
                 where t.oid >= 16384 and trftype in (select oid from staying)${hasSchemas === 0 ? "" : publishedSchemas})
    select o.kind, o.name::text as name, coalesce(pg_catalog.pg_get_userbyid(o.owner), 'public') as owner from object o
     where not exists (select from pg_catalog.pg_depend d
                        where d.classid = ('pg_catalog.' || o.catalog)::pg_catalog.regclass and d.objid = o.oid
                          and d.deptype = 'e')
     order by 1, 2`);
  return rows;
}

/** Schemas that a publication has as a whole, from PostgreSQL 15 on: one that stays would be added a second time. */
const publishedSchemas = `
      union all select 'pg_publication_namespace', m.oid, 'PUBLICATION TABLES IN SCHEMA',
                       pg_catalog.format('%s %s', p.pubname, n.nspname), p.pubowner
                  from pg_catalog.pg_publication_namespace m join pg_catalog.pg_publication p on p.oid = m.pnpubid
                  join pg_catalog.pg_namespace n on n.oid = m.pnnspid`;

/** Something of the database as a whole that stays and works by a function which a restore moves aside. */
export interface TiedObject {
  /** `event trigger watch`, as the server describes it. */
  object: string;
  /** `function public.watch()`. */
  needs: string;
}

/**
 * What stays in the database and would go on using a function of the previous state, to be dropped together with it: event
 * triggers, and casts and transforms of types that stay.
 */
export async function listTied(client: Client): Promise<TiedObject[]> {
  const { rows } = await client.query<TiedObject>(`
    with staying(oid) as (${stayingTypes}),
    object(classid, objid) as (
      select 'pg_catalog.pg_event_trigger'::pg_catalog.regclass, oid from pg_catalog.pg_event_trigger
      union all select 'pg_catalog.pg_language'::pg_catalog.regclass, oid from pg_catalog.pg_language
      union all select 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, oid from pg_catalog.pg_foreign_data_wrapper
      union all select 'pg_catalog.pg_am'::pg_catalog.regclass, oid from pg_catalog.pg_am
      union all select 'pg_catalog.pg_cast'::pg_catalog.regclass, oid from pg_catalog.pg_cast
                 where castsource in (select oid from staying) and casttarget in (select oid from staying)
      union all select 'pg_catalog.pg_transform'::pg_catalog.regclass, oid from pg_catalog.pg_transform
                 where trftype in (select oid from staying))
    select pg_catalog.pg_describe_object(d.classid, d.objid, 0) as object,
           pg_catalog.pg_describe_object(d.refclassid, d.refobjid, 0) as needs
      from object o join pg_catalog.pg_depend d on d.classid = o.classid and d.objid = o.objid and d.deptype = 'n'
      join pg_catalog.pg_proc p on d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass and p.oid = d.refobjid
      join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     where n.nspname <> 'pg_catalog' and n.nspname <> 'information_schema'
       -- what belongs to others, in a schema of others, stays where it is
       and (pg_catalog.pg_has_role(n.nspowner, 'USAGE') or pg_catalog.pg_has_role(p.proowner, 'USAGE'))
       and not exists (select from pg_catalog.pg_depend e where e.classid = d.refclassid and e.objid = d.refobjid
                          and e.deptype = 'e')
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
