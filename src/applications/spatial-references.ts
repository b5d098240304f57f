import type { SqlClient } from "./application.ts";

/**
 * Brings PostGIS's `spatial_ref_sys` in step with the application's `srs`: a row for each system of its own, equal where
 * both have it. The application's trigger does the same for each later change; while rows are loaded it does not exist.
 * @returns what was changed, for people
 * @throws the server's error when the role may not write `spatial_ref_sys`
 */
export async function syncSpatialReferences(client: SqlClient): Promise<string[]> {
  const { rows } = await client.query(
    `select pg_catalog.to_regclass('public.srs') is not null as srs,
       (select n.nspname from pg_catalog.pg_extension e
          join pg_catalog.pg_depend d on d.refobjid = e.oid and d.deptype = 'e'
            and d.refclassid = 'pg_catalog.pg_extension'::regclass and d.classid = 'pg_catalog.pg_class'::regclass
          join pg_catalog.pg_class c on c.oid = d.objid
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where e.extname = 'postgis' and c.relname = 'spatial_ref_sys') as schema,
       (select count(*)::int from pg_catalog.pg_attribute a
        where a.attrelid = pg_catalog.to_regclass('public.srs') and a.attname = 'wkt_short' and not a.attisdropped) as short`,
  );
  const found = rows[0] as { srs: boolean; schema: string | null; short: number };
  if (!found.srs || found.schema === null) return [];
  const target = `"${found.schema.replaceAll('"', '""')}".spatial_ref_sys`;
  const text = found.short === 1 ? "s.wkt_short" : "s.wkt";
  const updated = await client.query(
    `update ${target} r set auth_name = s.auth_name, auth_srid = s.auth_srid, srtext = ${text}, proj4text = s.proj4
     from public.srs s where s.id = r.srid
       and (r.auth_name, r.auth_srid, r.srtext, r.proj4text) is distinct from (s.auth_name, s.auth_srid, ${text}, s.proj4)`,
  );
  const inserted = await client.query(
    `insert into ${target} (srid, auth_name, auth_srid, srtext, proj4text)
     select s.id, s.auth_name, s.auth_srid, ${text}, s.proj4 from public.srs s
     where not exists (select from ${target} r where r.srid = s.id)`,
  );
  const changed = (updated.rowCount ?? 0) + (inserted.rowCount ?? 0);
  return changed === 0 ? [] : [`spatial_ref_sys brought in step with srs: ${changed} rows`];
}
