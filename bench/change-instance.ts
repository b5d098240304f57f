import { createHash, randomBytes } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { connect } from "../src/postgres/connection.ts";
import { quoteIdentifier } from "../src/postgres/quoting.ts";
import type { BenchInstance } from "./instances.ts";

/**
 * Changes one in a hundred of everything, as a day's work may: of each layer a run of features gets another geometry, and of the
 * files every hundredth is replaced by another of the same size.
 */
export async function changeInstance({ settings, place }: BenchInstance): Promise<void> {
  const client = await connect(settings, { applicationName: "ngwbackup bench" });
  try {
    const { rows: layers } = await client.query<{ name: string; rows: number }>(
      `select c.relname as name, c.reltuples::int as rows from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'vector_layer' and c.relkind = 'r' and c.relname !~ '_[eh]$' and c.reltuples > 100 order by 1`,
    );
    for (const { name, rows } of layers) {
      const from = Math.floor(rows * 0.4);
      await client.query(
        `update vector_layer.${quoteIdentifier(name)} set geom = ST_Translate(geom, 1, 1) where id between $1 and $2`,
        [from, from + Math.ceil(rows / 100) - 1],
      );
    }
    const { rows: files } = await client.query<{ id: number; component: string; uuid: string; size: string }>(
      `select id, component, uuid, size::text from fileobj
        where component = 'feature_attachment' and id % 100 = 0 order by id`,
    );
    for (const { id, component, uuid, size } of files) {
      const other = createHash("md5").update(uuid).digest("hex");
      await client.query("update fileobj set uuid = $1 where id = $2", [other, id]);
      await rm(pathOf(place.fileStoragePath, component, uuid));
      const path = pathOf(place.fileStoragePath, component, other);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, randomBytes(Number(size)));
    }
    await client.query("vacuum analyze");
  } finally {
    await client.end();
  }
}

function pathOf(fileStoragePath: string, component: string, uuid: string): string {
  return join(fileStoragePath, component, uuid.slice(0, 2), uuid.slice(2, 4), uuid);
}
