import type { Client } from "../connection.ts";
import { listMarkedSchemas } from "./markers.ts";

/** Something that depends on an object and would be dropped, or keep the object from being dropped, with it. */
export interface Dependent {
  /** `view reports.by_owner`: what depends, as the server describes it. */
  dependent: string;
  owner: string;
  schema: string;
  /** What it depends on. */
  needs: string;
}

/**
 * `dep`: ordinary dependencies with the relation, type or function that each side belongs to: a view for its rule, a table
 * for its default, constraint, trigger or policy, a table for its row type, an element type for its array.
 */
const dependencies = `
  select d.classid, d.objid, d.objsubid, d.refclassid, d.refobjid, d.refobjsubid,
         coalesce(dc.relnamespace, dt.typnamespace, dp.pronamespace) as namespace,
         coalesce(dc.relowner, dt.typowner, dp.proowner) as owner,
         coalesce(rc.relnamespace, rt.typnamespace, rp.pronamespace, ro.namespace) as ref_namespace,
         coalesce(rc.relowner, rt.typowner, rp.proowner, ro.owner) as ref_owner
    from pg_catalog.pg_depend d
    left join pg_catalog.pg_rewrite w on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and w.oid = d.objid
    left join pg_catalog.pg_attrdef f on d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and f.oid = d.objid
    left join pg_catalog.pg_constraint k on d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass and k.oid = d.objid
    left join pg_catalog.pg_trigger g on d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass and g.oid = d.objid
    left join pg_catalog.pg_policy y on d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass and y.oid = d.objid
    left join pg_catalog.pg_class dc on dc.oid = coalesce(w.ev_class, f.adrelid, nullif(k.conrelid, 0), g.tgrelid, y.polrelid,
                             case when d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass then d.objid end)
    left join pg_catalog.pg_type dt on dc.oid is null and dt.oid = coalesce(nullif(k.contypid, 0),
                             case when d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass then d.objid end)
    left join pg_catalog.pg_proc dp on d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and dp.oid = d.objid
    left join pg_catalog.pg_class rc on d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and rc.oid = d.refobjid
    left join pg_catalog.pg_type rt on d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass and rt.oid = d.refobjid
    left join pg_catalog.pg_proc rp on d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass and rp.oid = d.refobjid
    left join lateral (
      select opc.opcnamespace as namespace, opc.opcowner as owner from pg_catalog.pg_opclass opc
       where d.refclassid = 'pg_catalog.pg_opclass'::pg_catalog.regclass and opc.oid = d.refobjid
      union all
      select op.oprnamespace, op.oprowner from pg_catalog.pg_operator op
       where d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass and op.oid = d.refobjid
      union all
      select co.collnamespace, co.collowner from pg_catalog.pg_collation co
       where d.refclassid = 'pg_catalog.pg_collation'::pg_catalog.regclass and co.oid = d.refobjid
      union all
      select ts.cfgnamespace, ts.cfgowner from pg_catalog.pg_ts_config ts
       where d.refclassid = 'pg_catalog.pg_ts_config'::pg_catalog.regclass and ts.oid = d.refobjid
      union all
      select sd.dictnamespace, sd.dictowner from pg_catalog.pg_ts_dict sd
       where d.refclassid = 'pg_catalog.pg_ts_dict'::pg_catalog.regclass and sd.oid = d.refobjid) ro on true
   where d.deptype in ('n', 'a')`;

/** A range's functions are the server's first role's, may stand in the schema that the range was made in, and go when it goes. */
const notOfARange = `
  not exists (select from pg_catalog.pg_depend i where i.classid = dep.classid and i.objid = dep.objid and i.deptype = 'i'
                 and i.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass)`;

const columns = `
  pg_catalog.pg_describe_object(dep.classid, dep.objid, dep.objsubid) as dependent,
  pg_catalog.pg_get_userbyid(dep.owner) as owner, n.nspname as schema,
  pg_catalog.pg_describe_object(dep.refclassid, dep.refobjid, dep.refobjsubid) as needs`;

/** What stands outside of schemas and depends on something inside them: what a CASCADE must not reach. */
export async function dependentsFromOutside(client: Client, schemas: readonly string[]): Promise<Dependent[]> {
  const { rows } = await client.query<Dependent>(
    `with dep as (${dependencies}), inside as (select oid from pg_catalog.pg_namespace where nspname = any($1::text[]))
     select ${columns} from dep join pg_catalog.pg_namespace n on n.oid = dep.namespace
      where dep.ref_namespace in (select oid from inside) and dep.namespace not in (select oid from inside)
        and n.nspname !~ '^pg_(catalog|toast)' and ${notOfARange} limit 100`,
    [schemas],
  );
  return rows;
}

/** Objects of other roles that depend on something of the connected role's, such as a report's view on a table. */
export async function dependentsOfOthers(client: Client): Promise<Dependent[]> {
  const kept = (await listMarkedSchemas(client)).map(({ schema }) => schema);
  const { rows } = await client.query<Dependent>(
    `with dep as (${dependencies})
     select ${columns} from dep join pg_catalog.pg_namespace n on n.oid = dep.namespace
       join pg_catalog.pg_namespace r on r.oid = dep.ref_namespace
      where not pg_catalog.pg_has_role(dep.owner, 'USAGE') and pg_catalog.pg_has_role(dep.ref_owner, 'USAGE')
        and n.nspname !~ '^pg_(catalog|toast)' and n.nspname <> 'information_schema' and r.nspname <> all($1::text[])
        and not exists (select from pg_catalog.pg_depend e where e.classid = dep.classid and e.objid = dep.objid
                           and e.deptype = 'e')
        and ${notOfARange}
        and not exists (select from pg_catalog.pg_depend e where e.classid = dep.refclassid and e.objid = dep.refobjid and e.deptype = 'e')
      limit 100`,
    [kept],
  );
  return rows;
}
