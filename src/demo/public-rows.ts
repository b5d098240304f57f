import type { Client } from "../postgres/connection.ts";
import type { Blob } from "./files.ts";
import type { Layer } from "./layers.ts";
import { madeUpDashedUuid, madeUpUuid } from "./made-up-bytes.ts";
import type { Scale } from "./scale.ts";

/** Rows that do not depend on how much the instance holds. */
const fixedRowsSql = `
insert into public.auth_principal values
  (nextval('public.principal_seq'), 'U', true, 'Administrator', null, '{}'),
  (nextval('public.principal_seq'), 'G', true, 'Administrators', null, '{"auth:view","core:admin"}'),
  (nextval('public.principal_seq'), 'U', false, E'Jos\\u00e9 \\u041f\\u0435\\u0442\\u0440\\u043e\\u0432', E'line\\none\\ttab', '{}');
insert into public.auth_user values
  (1, 'administrator', false, false, '$made$up$hash', null, '2026-01-02 03:04:05.678', 'en'),
  (3, 'jose', false, false, null, 'subject-3', null, null);
insert into public.auth_group values (2, 'administrators', false, false);
insert into public.auth_group_user values (2, 1);
insert into public.srs (id, display_name, auth_name, auth_srid, wkt, wkt_short, proj4, minx, miny, maxx, maxy) values
  (4326, 'WGS 84 / Lon-lat (EPSG:4326)', 'EPSG', 4326, 'GEOGCS["WGS 84 of the made-up instance"]',
    'GEOGCS["WGS 84"]', '+proj=longlat +datum=WGS84 +no_defs', -180, -90, 180, 90),
  (3857, 'WGS 84 / Pseudo-Mercator (EPSG:3857)', 'EPSG', 3857, 'PROJCS["Pseudo-Mercator of the made-up instance"]',
    'PROJCS["Pseudo-Mercator"]', '+proj=merc +a=6378137 +b=6378137 +units=m +no_defs', -180, -85.06, 180, 85.06);
insert into public.srs (display_name, wkt, wkt_short, proj4) values
  ('Local system of the town', 'LOCAL_CS["town"]', 'LOCAL_CS["town"]', '+proj=tmerc +lat_0=55 +lon_0=37 +units=m');
insert into public.resource (id, cls, parent_id, keyname, display_name, owner_user_id) values
  (0, 'resource_group', null, null, 'Main resource group', 1);
insert into public.resource_group values (0);
insert into public.resource_acl_rule values (0, 2, '', 'resource', 'read', true, 'allow');
insert into public.core_storage_stat_delta (tstamp, component, kind_of_data, resource_id, value_data_volume) values
  ('2026-01-02 03:04:05', 'vector_layer', 'geo', 1, 12345), ('2026-01-03 03:04:05', 'raster_layer', 'geo', 2, 678);
insert into public.audit_journal (tstamp, data) values ('2026-01-02 03:04:05', '{"request": {"path": "/api"}}');
`;

/** Components of the made-up migration table, each with the revision that every installation begins with and a later one. */
const components = ["auth", "core", "feature_attachment", "file_storage", "raster_layer", "resource", "vector_layer"];

/** Fills schema `public`: users, resources for every layer and raster, attachments, migrations, settings. */
export async function insertPublicRows(
  client: Client,
  seed: string,
  layers: readonly Layer[],
  blobs: readonly Blob[],
): Promise<void> {
  await client.query(fixedRowsSql);
  await client.query(
    `insert into public.setting (component, name, value) values ('core', 'instance_id', to_jsonb($1::text)),
       ('core', 'system.name', '"Made-up instance \\u00ab\u2713\\u00bb"'), ('pyramid', 'custom_css.ckey', '"CbL28GzP"')`,
    [madeUpDashedUuid(seed, "instance")],
  );
  await client.query(
    `insert into public.core_migration select component, revision
     from unnest($1::text[]) component, lateral (values ('00000000'), (left(md5(component), 8))) revisions (revision)`,
    [components],
  );
  const files = blobs.map(({ id, component, uuid, sizeBytes }) => ({ id, component, uuid, size: sizeBytes }));
  const fileTypes = "id int, component text, uuid text, size bigint";
  await insertRecords(client, "fileobj (id, component, uuid, size)", fileTypes, files);
  await insertLayers(client, layers);
  const rasterIds = await insertRasters(client, layers.length + 1, blobs);
  await insertAttachments(client, layers, blobs);
  await insertMapAndMarkers(client, rasterIds.length + layers.length + 1, blobs);
  await client.query(`
    select setval('public.resource_id_seq', (select max(id) from public.resource)),
      setval('public.layer_field_id_seq', (select greatest(max(id), 1) from public.layer_field)),
      setval('public.fileobj_id_seq', (select greatest(max(id), 1) from public.fileobj))`);
}

/** Rows that a backup leaves out: sessions, tokens, cached tiles. */
export async function insertTransientRows(client: Client, seed: string, scale: Scale): Promise<void> {
  const uuid = madeUpUuid(seed, "tile cache");
  const table = `tile_cache."${uuid}"`;
  await client.query(`
    insert into public.pyramid_session select md5('session' || i), '2026-01-02', '2026-01-03' from generate_series(1, 5) i;
    insert into public.pyramid_session_store select md5('session' || i), 'auth.user', '{"id": 1}' from generate_series(1, 5) i;
    insert into public.auth_oauth_atoken values ('token', 1767323045, 'subject-3', '{}');
    insert into public.auth_oauth_ptoken values ('token', 1767323045, 3, 'access', 1767323045, 'refresh', 1767323045);
    insert into public.resource_tile_cache values (1, '${madeUpDashedUuid(seed, "tile cache")}', true, false, 12, 86400);
    create table ${table} (z smallint, x integer, y integer, color integer, tstamp timestamp not null, primary key (z, x, y));
    insert into ${table} select 8, i, i * 3, null, '2026-01-02' from generate_series(1, ${scale.tiles}) i`);
}

async function insertLayers(client: Client, layers: readonly Layer[]): Promise<void> {
  const resources = layers.map((layer, index) => ({ id: index + 1, cls: "vector_layer", name: layer.displayName }));
  await insertResources(client, resources);
  let fieldId = 0;
  const fields = layers.flatMap((layer, index) =>
    layer.fields.map((field, position) => {
      fieldId += 1;
      return { ...field, id: fieldId, layer_id: index + 1, idx: position };
    }),
  );
  const types = "id int, layer_id int, idx int, keyname text, datatype text, uuid text";
  await client.query(
    `with given as (select * from jsonb_to_recordset($1) as (${types})),
       field as (insert into public.layer_field (id, layer_id, cls, idx, keyname, datatype, display_name)
         select id, layer_id, 'vector_layer', idx, keyname, datatype, keyname from given)
     insert into public.layer_field_vector_layer select id, uuid from given`,
    [JSON.stringify(fields)],
  );
  const rows = layers.map((layer, index) => ({
    tbl_uuid: layer.uuid,
    id: index + 1,
    srs_id: 3857,
    geometry_type: layer.geometryType,
    feature_label_field_id: fields.find((field) => field.layer_id === index + 1)?.id,
  }));
  await insertRecords(
    client,
    "vector_layer (tbl_uuid, id, srs_id, geometry_type, feature_label_field_id)",
    "tbl_uuid text, id int, srs_id int, geometry_type text, feature_label_field_id int",
    rows,
  );
  await client.query(`
    insert into public.feature_layer_vmeta
      select id, nextval('public.feature_layer_vmeta_epoch_seq'), 2, '2026-01-02', '2026-01-03'
      from public.vector_layer order by id;
    insert into public.feature_layer_vobj
      select id, version, '2026-01-01'::timestamp + version * interval '1 day', 1
      from public.vector_layer, generate_series(1, 2) version`);
}

async function insertRasters(client: Client, firstId: number, blobs: readonly Blob[]): Promise<number[]> {
  const rasters = blobs.filter((blob) => blob.component === "raster_layer");
  const rows = rasters.map((blob, index) => ({ id: firstId + index, fileobj_id: blob.id }));
  await insertResources(
    client,
    rows.map(({ id }, index) => ({ id, cls: "raster_layer", name: `Raster ${index + 1}` })),
  );
  await client.query(
    `insert into public.raster_layer (fileobj_id, xsize, ysize, dtype, band_count, geo_transform, cog, meta, id, srs_id)
     select fileobj_id, 1024, 1024, 'Byte', 3, '{37e5,10,0,75e5,0,-10}', true, '{"bands": [{"min": 0.5}]}', id, 3857
     from jsonb_to_recordset($1) as (id int, fileobj_id int)`,
    [JSON.stringify(rows)],
  );
  return rows.map(({ id }) => id);
}

async function insertAttachments(client: Client, layers: readonly Layer[], blobs: readonly Blob[]): Promise<void> {
  const rowsOfLayer = layers[0]?.rows ?? 0;
  const attachments = blobs.filter((blob) => blob.component === "feature_attachment");
  if (rowsOfLayer === 0) return;
  await client.query(
    `insert into public.feature_attachment (resource_id, feature_id, fileobj_id, name, mime_type, file_meta)
     select 1, (id * 7 - 1) % $2 + 1, id, E'photo \\u2116' || id || E'\\t.jpg', 'image/jpeg', '{"width": 10}'
     from unnest($1::int[]) id`,
    [attachments.map((blob) => blob.id), rowsOfLayer],
  );
}

async function insertMapAndMarkers(client: Client, id: number, blobs: readonly Blob[]): Promise<void> {
  const markers = blobs.filter((blob) => blob.component === "svg_marker_library");
  await insertResources(client, [
    { id, cls: "webmap", name: "Map" },
    { id: id + 1, cls: "svg_marker_library", name: "Markers" },
    { id: id + 2, cls: "lookup_table", name: "Kinds" },
  ]);
  await client.query("insert into public.svg_marker_library values (null, '2026-01-02', $1)", [id + 1]);
  await client.query(
    `insert into public.svg_marker (svg_marker_library_id, fileobj_id, name)
     select $1, id, 'marker ' || id from unnest($2::int[]) id`,
    [id + 1, markers.map((blob) => blob.id)],
  );
  await client.query(`insert into public.lookup_table values ('{"a": "b\\\\n", "\u0416": "\\"q\\""}', 'KEY_ASC', $1)`, [
    id + 2,
  ]);
  await client.query(`insert into public.webmap_item (item_type, display_name) values ('root', null)`);
  await client.query("insert into public.webmap values (1, 'Map', '{}', 3857, $1)", [id]);
  await client.query(
    `insert into public.webmap_annotation (webmap_id, description, geom, public)
     values ($1, E'here\\\\there', ST_SetSRID(ST_MakePoint(1, 2), 3857), true)`,
    [id],
  );
}

async function insertResources(
  client: Client,
  rows: readonly { id: number; cls: string; name: string }[],
): Promise<void> {
  await client.query(
    `insert into public.resource (id, cls, parent_id, display_name, owner_user_id)
     select id, cls, 0, name, 1 from jsonb_to_recordset($1) as (id int, cls text, name text)`,
    [JSON.stringify(rows)],
  );
}

async function insertRecords(client: Client, into: string, types: string, rows: readonly object[]): Promise<void> {
  await client.query(`insert into public.${into} select * from jsonb_to_recordset($1) as (${types})`, [
    JSON.stringify(rows),
  ]);
}
