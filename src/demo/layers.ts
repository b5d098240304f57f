import type { Client } from "../postgres/connection.ts";
import { madeUpUuid } from "./made-up-bytes.ts";
import type { Scale } from "./scale.ts";

/** A vector layer of the made-up instance. */
export interface Layer {
  /** 32 hexadecimal digits in the names of its tables. */
  uuid: string;
  displayName: string;
  geometryType: "POINT" | "MULTIPOLYGON";
  rows: number;
  fields: readonly { uuid: string; keyname: string; datatype: string; sqlType: string }[];
}

const pointFields = [
  ["name", "STRING", "varchar"],
  ["n", "INTEGER", "integer"],
  ["big", "BIGINT", "bigint"],
  ["value", "REAL", "double precision"],
  ["day", "DATE", "date"],
  ["hour", "TIME", "time"],
  ["seen", "DATETIME", "timestamp"],
] as const;
const polygonFields = [
  ["name", "STRING", "varchar"],
  ["area", "REAL", "double precision"],
] as const;

/** Everything COPY has to escape, and what it must leave alone; chosen by row number. */
const awkwardTexts = String.raw`array[E'tab\tand\nline\r\nends', E'back\\slash \\N \\. \\x41', E'\u0416\u0443\u043a \U0001F5FA e\u0301', '',
  E'\\.', '"quoted", ''single'', $1 %s', E'\b\f\v\x01', null]`;

/** Plans the layers that a scale asks for; the same for the same seed. */
export function planLayers(seed: string, scale: Scale): Layer[] {
  const layers: Layer[] = [];
  const add = (title: string, count: number, geometryType: Layer["geometryType"], rows: number): void => {
    for (let index = 0; index < count; index += 1) {
      const uuid = madeUpUuid(seed, `${title} ${index}`);
      const fields = (geometryType === "POINT" ? pointFields : polygonFields).map(([keyname, datatype, sqlType]) => ({
        uuid: madeUpUuid(seed, `${uuid} ${keyname}`),
        keyname,
        datatype,
        sqlType,
      }));
      layers.push({ uuid, displayName: `${title} ${index + 1}`, geometryType, rows, fields });
    }
  };
  add("Points", scale.pointLayers, "POINT", scale.pointsPerLayer);
  add("Polygons", scale.polygonLayers, "MULTIPOLYGON", scale.polygonsPerLayer);
  add("Empty", scale.emptyLayers, "POINT", 0);
  return layers;
}

/**
 * Makes the tables of layers, with their rows, in schema `vector_layer`: a table, its versions (`_e`) and its history
 * (`_h`) for each. A layer is a transaction, because each takes about 25 entries of the lock table; the clients, who
 * share the work, do not wait for the disk at its end.
 */
export async function createLayers(clients: readonly Client[], layers: readonly Layer[], scale: Scale): Promise<void> {
  const waiting = layers.values();
  const createWaiting = async (client: Client): Promise<void> => {
    await client.query("set synchronous_commit = off");
    for (const layer of waiting) await client.query(`begin;\n${layerSql(layer, scale)};\ncommit`);
    await client.query("reset synchronous_commit");
  };
  await Promise.all(clients.map(createWaiting));
}

function layerSql(layer: Layer, scale: Scale): string {
  const name = `layer_${layer.uuid}`;
  const table = `vector_layer.${name}`;
  const geometry = `geom geometry(${layer.geometryType === "POINT" ? "Point" : "MultiPolygon"}, 3857)`;
  const fields = layer.fields.map((field) => `fld_${field.uuid} ${field.sqlType}`).join(", ");
  return [
    `create table ${table} (id integer not null, ${geometry}, ${fields})`,
    `create table ${table}_e (fid integer not null, vid integer not null, vop char(1) not null)`,
    `create table ${table}_h (vid integer not null, fid integer not null, nid integer not null, vop char(1) not null,
       nop char(1) not null, ${geometry}, ${fields}, constraint ${name}_h_check check (nid > vid))`,
    `create sequence ${table}_id_seq minvalue -2147483648 start 1`,
    ...(layer.rows > 0 ? rowsSql(layer, table, scale) : []),
    `alter table ${table} add constraint ${name}_pkey primary key (id)`,
    `alter table ${table}_e add constraint ${name}_e_pkey primary key (fid)`,
    `alter table ${table}_h add constraint ${name}_h_pkey primary key (vid, fid)`,
    `alter table ${table}_h add constraint ${name}_h_vid_nid_fid_idx
       exclude using gist (int4range(vid, nid) with &&, int4range(fid, fid, '[]') with &&)`,
    `create index idx_${name}_geom on ${table} using gist (geom)`,
    `create index ${name}_e_vid_fid_idx on ${table}_e (vid, fid)`,
    `create index ${name}_h_fid_vid_idx on ${table}_h (fid, vid)`,
    `alter table ${table} add constraint ${name}_id_fk foreign key (id) references ${table}_e (fid)
       deferrable initially deferred`,
  ].join(";\n");
}

function rowsSql(layer: Layer, table: string, scale: Scale): string[] {
  const salt = Number.parseInt(layer.uuid.slice(0, 6), 16);
  const columns = layer.fields.map((field) => `fld_${field.uuid}`).join(", ");
  return [
    `insert into ${table} (id, geom, ${columns}) ${layer.geometryType === "POINT" ? points(layer, salt) : polygons(layer, salt, scale)}`,
    `insert into ${table}_e select id, 1, 'C' from ${table}`,
    `insert into ${table}_h (vid, fid, nid, vop, nop, geom, ${columns})
       select 1, id, 2, 'C', 'U', geom, ${columns} from ${table} where id <= 10`,
    `select setval('${table}_id_seq', ${layer.rows})`,
  ];
}

/** Every expression follows from the row number, so that the same seed gives the same rows on any server. */
function points(layer: Layer, salt: number): string {
  return `
    select i, case when i % 97 <> 0 then
        ST_SetSRID(ST_MakePoint(37e5 + (i * 7919::bigint + ${salt}) % 1000003 / 10.0, 75e5 + (i * 104729::bigint) % 999983 / 10.0), 3857)
      end,
      case when i % 13 = 0 then (${awkwardTexts})[i / 13 % 8 + 1] else 'Point ' || i || ' ' || md5((i + ${salt})::text) end,
      i * 31 % 100003 - 50000, (i * 1000003::bigint - ${salt}) * 1000, i / 7.0::double precision,
      date '2020-01-01' + i % 2000, time '00:00' + i % 86400 * interval '1 second',
      case when i % 11 <> 0 then timestamp '2021-03-04 05:06:07.891' + i * interval '1 minute' end
    from generate_series(1, ${layer.rows}) i`;
}

function polygons(layer: Layer, salt: number, scale: Scale): string {
  const vertices = Math.max(3, scale.polygonVertices);
  // One ring, moved and scaled for each row: making every ring of its own takes ten times as long.
  const vertex = (use: string): string =>
    `round(100 * ${use}(radians(v % ${vertices} * 360.0 / ${vertices}))::numeric, 2)`;
  return `
    select i, ST_Multi(ST_Affine(ring, size, 0, 0, size, 37e5 + (i * 7919::bigint + ${salt}) % 1000003 / 10.0,
        75e5 + (i * 104729::bigint) % 999983 / 10.0)),
      case when i % 17 = 0 then (${awkwardTexts})[i / 17 % 8 + 1] else 'Polygon ' || i end, i * 12.5
    from generate_series(1, ${layer.rows}) i, lateral (select 0.5 + i % 89 / 89.0 as size) as sizes,
      (select ST_MakePolygon(ST_MakeLine(array(
        select ST_SetSRID(ST_MakePoint(${vertex("cos")}, ${vertex("sin")}), 3857)
        from generate_series(0, ${vertices}) v order by v))) as ring) as rings`;
}
