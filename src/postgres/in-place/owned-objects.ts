import type { Client } from "../connection.ts";
import { quoteIdentifier } from "../quoting.ts";

/** A thing in a schema that stands for itself: with it go its indexes, constraints, triggers, row type, owned sequences. */
export interface SchemaObject {
  /** Catalog it stands in, `pg_class`, and its OID there. */
  catalog: string;
  oid: string;
  schema: string;
  /** Word after ALTER and DROP: `TABLE`, `AGGREGATE`, `TEXT SEARCH DICTIONARY`. */
  kind: string;
  /** Quoted name without schema; arguments stand in {@link suffix}. */
  name: string;
  /** What follows the name: argument types, the access method of an operator class; "" mostly. */
  suffix: string;
  owner: string;
  /** Whether the connected role has the owner's rights. */
  ours: boolean;
  /** Made by the server for another object, as a range's constructor functions are for the range. */
  internal: boolean;
}

/** A schema that is no system schema. */
export interface SchemaInfo {
  name: string;
  owner: string;
  /** Whether the connected role may rename and drop it. */
  ours: boolean;
  /** Belongs to an extension, or holds one or members of one. */
  holdsExtension: boolean;
  comment: string | null;
}

const notSystem = `n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

/**
 * Every kind of object with a schema of its own, in the order in which they can be moved: what names types in its arguments
 * goes before the types, so that a statement's text is still right when its turn comes.
 */
const objectsSql = `
with extension as materialized (
  select classid, objid from pg_catalog.pg_depend
   where refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and deptype = 'e'),
object(rank, catalog, oid, namespace, owner, kind, name, suffix) as (
  select 1, 'pg_proc', p.oid, p.pronamespace, p.proowner,
         case p.prokind when 'a' then 'AGGREGATE' when 'p' then 'PROCEDURE' else 'FUNCTION' end,
         pg_catalog.quote_ident(p.proname),
         '(' || case when p.prokind = 'a' and p.pronargs = 0 then '*'
                     else pg_catalog.pg_get_function_identity_arguments(p.oid) end || ')'
    from pg_catalog.pg_proc p
  union all
  select 2, 'pg_opclass', o.oid, o.opcnamespace, o.opcowner, 'OPERATOR CLASS', pg_catalog.quote_ident(o.opcname),
         ' USING ' || pg_catalog.quote_ident(a.amname)
    from pg_catalog.pg_opclass o join pg_catalog.pg_am a on a.oid = o.opcmethod
  union all
  select 3, 'pg_opfamily', o.oid, o.opfnamespace, o.opfowner, 'OPERATOR FAMILY', pg_catalog.quote_ident(o.opfname),
         ' USING ' || pg_catalog.quote_ident(a.amname)
    from pg_catalog.pg_opfamily o join pg_catalog.pg_am a on a.oid = o.opfmethod
  union all
  select 4, 'pg_operator', o.oid, o.oprnamespace, o.oprowner, 'OPERATOR', o.oprname,
         '(' || case when o.oprleft = 0 then 'NONE' else pg_catalog.format_type(o.oprleft, null) end || ', '
             || case when o.oprright = 0 then 'NONE' else pg_catalog.format_type(o.oprright, null) end || ')'
    from pg_catalog.pg_operator o
  union all
  select 5, 'pg_statistic_ext', s.oid, s.stxnamespace, s.stxowner, 'STATISTICS', pg_catalog.quote_ident(s.stxname), ''
    from pg_catalog.pg_statistic_ext s
  union all
  select case c.relkind when 'm' then 6 when 'v' then 6 when 'S' then 8 else 7 end,
         'pg_class', c.oid, c.relnamespace, c.relowner,
         case c.relkind when 'v' then 'VIEW' when 'm' then 'MATERIALIZED VIEW' when 'S' then 'SEQUENCE'
                        when 'f' then 'FOREIGN TABLE' else 'TABLE' end,
         pg_catalog.quote_ident(c.relname), ''
    from pg_catalog.pg_class c
   where c.relkind in ('r', 'p', 'v', 'm', 'f')
      or c.relkind = 'S' and not exists (
           select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
              and d.objid = c.oid and d.deptype in ('a', 'i')
              and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass)
  union all
  select 9, 'pg_type', t.oid, t.typnamespace, t.typowner, case t.typtype when 'd' then 'DOMAIN' else 'TYPE' end,
         pg_catalog.quote_ident(t.typname), ''
    from pg_catalog.pg_type t left join pg_catalog.pg_class c on c.oid = t.typrelid
   where (t.typrelid = 0 or c.relkind = 'c')
     and not exists (select from pg_catalog.pg_type e where e.typarray = t.oid)
  union all
  select 10, 'pg_collation', o.oid, o.collnamespace, o.collowner, 'COLLATION', pg_catalog.quote_ident(o.collname), ''
    from pg_catalog.pg_collation o
  union all
  select 11, 'pg_conversion', o.oid, o.connamespace, o.conowner, 'CONVERSION', pg_catalog.quote_ident(o.conname), ''
    from pg_catalog.pg_conversion o
  union all
  select 12, 'pg_ts_config', o.oid, o.cfgnamespace, o.cfgowner, 'TEXT SEARCH CONFIGURATION', pg_catalog.quote_ident(o.cfgname), ''
    from pg_catalog.pg_ts_config o
  union all
  select 13, 'pg_ts_dict', o.oid, o.dictnamespace, o.dictowner, 'TEXT SEARCH DICTIONARY', pg_catalog.quote_ident(o.dictname), ''
    from pg_catalog.pg_ts_dict o
  union all
  select 14, 'pg_ts_parser', o.oid, o.prsnamespace, 10, 'TEXT SEARCH PARSER', pg_catalog.quote_ident(o.prsname), ''
    from pg_catalog.pg_ts_parser o
  union all
  select 15, 'pg_ts_template', o.oid, o.tmplnamespace, 10, 'TEXT SEARCH TEMPLATE', pg_catalog.quote_ident(o.tmplname), ''
    from pg_catalog.pg_ts_template o)
select o.catalog, o.oid::text as oid, n.nspname as schema, o.kind, o.name, o.suffix,
       pg_catalog.pg_get_userbyid(o.owner) as owner, pg_catalog.pg_has_role(o.owner, 'USAGE') as ours,
       exists (select from pg_catalog.pg_depend i
                where i.classid = ('pg_catalog.' || o.catalog)::pg_catalog.regclass and i.objid = o.oid and i.deptype = 'i'
                  and i.refclassid <> 'pg_catalog.pg_class'::pg_catalog.regclass) as internal
  from object o join pg_catalog.pg_namespace n on n.oid = o.namespace
 where ${notSystem} and ($1::text[] is null or n.nspname = any($1))
   and not exists (select from extension e
                    where e.classid = ('pg_catalog.' || o.catalog)::pg_catalog.regclass and e.objid = o.oid)
   and not exists (select from pg_catalog.pg_depend i join extension e on e.classid = i.refclassid and e.objid = i.refobjid
                    where i.classid = ('pg_catalog.' || o.catalog)::pg_catalog.regclass and i.objid = o.oid and i.deptype = 'i')
 order by o.rank, o.oid`;

/**
 * Objects of the database that belong to no extension and no system schema, also those of other roles.
 * The session's `search_path` must be empty, so that types in argument lists are qualified.
 * @param schemas only objects of these; every schema when left out
 */
export async function listObjects(client: Client, schemas?: readonly string[]): Promise<SchemaObject[]> {
  return (await client.query<SchemaObject>(objectsSql, [schemas ?? null])).rows;
}

/** Schemas that are no system schemas, by name. */
export async function listSchemas(client: Client): Promise<SchemaInfo[]> {
  const { rows } = await client.query<SchemaInfo>(`
    select n.nspname as name, pg_catalog.pg_get_userbyid(n.nspowner) as owner,
           pg_catalog.pg_has_role(n.nspowner, 'USAGE') as ours,
           exists (select from pg_catalog.pg_extension e where e.extnamespace = n.oid)
             or exists (select from pg_catalog.pg_depend d
                         where d.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass and d.objid = n.oid
                           and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and d.deptype = 'e')
             or exists (select from pg_catalog.pg_depend d
                          join pg_catalog.pg_depend m on m.classid = d.classid and m.objid = d.objid
                         where d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass and d.refobjid = n.oid
                           and m.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and m.deptype = 'e')
             as "holdsExtension",
           pg_catalog.obj_description(n.oid, 'pg_namespace') as comment
      from pg_catalog.pg_namespace n where ${notSystem} order by n.nspname`);
  return rows;
}

/** Large objects, and whether the connected role has their owner's rights. */
export async function listLargeObjects(client: Client): Promise<{ oid: string; owner: string; ours: boolean }[]> {
  const { rows } = await client.query<{ oid: string; owner: string; ours: boolean }>(`
    select oid::text as oid, pg_catalog.pg_get_userbyid(lomowner) as owner, pg_catalog.pg_has_role(lomowner, 'USAGE') as ours
      from pg_catalog.pg_largeobject_metadata order by oid`);
  return rows;
}

/** `"public".f(integer)`: an object's qualified name with what tells it from others of that name. */
export function objectName(object: SchemaObject): string {
  return `${quoteIdentifier(object.schema)}.${object.name}${object.suffix}`;
}

/** `FUNCTION "public".f(integer)`: an object as messages and ALTER name it. */
export function objectReference(object: SchemaObject): string {
  return `${object.kind} ${objectName(object)}`;
}
