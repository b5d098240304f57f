import type { ConnectionSettings } from "../../../src/postgres/settings.ts";
import { withOne } from "./layer-clients.ts";

/** What was looked at, and what contradicts one moment. */
export interface CheckedLayers {
  faults: string[];
  layers: number;
  rows: number;
}

/** Checks that every layer of the clients is there with the rows and columns that its line says, and no other one is. */
export async function checkLayers(settings: ConnectionSettings): Promise<CheckedLayers> {
  return await withOne(settings, "check of layers", async (client) => {
    const faults: string[] = [];
    const book = await client.query<{ name: string; rows: string; columns: string; there: boolean; sequence: boolean }>(
      `select name, rows::text, columns, to_regclass(name) is not null as there,
         to_regclass(name || '_id_seq') is not null as sequence from public.campaign_layer order by name`,
    );
    let rows = 0;
    for (const layer of book.rows) {
      if (!layer.there || !layer.sequence) {
        faults.push(`${layer.name}: ${layer.there ? "no sequence" : "no table"}`);
        continue;
      }
      const found = await client.query<{ n: string; bad: string; columns: string }>(
        `select count(*)::text as n, count(*) filter (where proof <> md5('${layer.name} ' || id))::text as bad,
           (select string_agg(attname, ',' order by attnum) from pg_attribute
            where attrelid = '${layer.name}'::regclass and attnum > 0 and not attisdropped) as columns
         from ${layer.name}`,
      );
      const [row] = found.rows;
      if (row?.n !== layer.rows) faults.push(`${layer.name}: expected ${layer.rows} rows, found ${row?.n}`);
      if (row?.bad !== "0") faults.push(`${layer.name}: ${row?.bad} rows are not what they were`);
      if (row?.columns !== layer.columns)
        faults.push(`${layer.name}: expected columns ${layer.columns}, found ${row?.columns}`);
      rows += Number(row?.n);
    }
    const others = await client.query<{ name: string }>(
      `select 'vector_layer.' || tablename as name from pg_tables
       where schemaname = 'vector_layer' and tablename not in (select relname from pg_class where relname ~ '_[eh]$')
         and exists (select from pg_attribute where attrelid = format('%I.%I', schemaname, tablename)::regclass
                     and attname = 'proof')
         and 'vector_layer.' || tablename not in (select name from public.campaign_layer)`,
    );
    faults.push(...others.rows.map(({ name }) => `${name}: a table without its line`));
    return { faults, layers: book.rows.length, rows };
  });
}
