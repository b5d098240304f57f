import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterRestore } from "../src/demo/differences.ts";
import { connect, type Client } from "../src/postgres/connection.ts";
import type { BenchInstance } from "./instances.ts";

/** What an instance holds, as far as it can be counted quickly. */
export interface Contents {
  /** Rows by quoted `schema.table`. */
  rows: Record<string, number>;
  indexes: number;
  constraints: number;
  /** Files of the file storage. */
  files: number;
  fileBytes: number;
}

/** Counts what an instance holds. */
export async function countContents({ settings, place }: BenchInstance): Promise<Contents> {
  const client = await connect(settings);
  try {
    return { ...(await countDatabase(client)), ...(await countFiles(place.fileStoragePath)) };
  } finally {
    await client.end();
  }
}

/**
 * What a restored instance lacks of, or has beside, what was backed up, a line each; none when it is complete. Rows that
 * NextGIS Web's own backups leave out (sessions, tokens, cached tiles) may be missing.
 * @param rowsOnly files are not compared
 */
export function missingContents(expected: Contents, found: Contents, rowsOnly: boolean): string[] {
  const tables = Object.fromEntries(Object.entries(expected.rows).map(([name, rows]) => [name, { rows, md5: "" }]));
  const leftOut = afterRestore({ tables, sequences: {}, objects: {} }).tables;
  const names = [...new Set([...Object.keys(expected.rows), ...Object.keys(found.rows)])];
  const lines = names
    .filter((name) => found.rows[name] !== expected.rows[name] && found.rows[name] !== leftOut[name]?.rows)
    .map((name) => `${name}: expected ${expected.rows[name] ?? "no table"} rows, found ${found.rows[name] ?? "none"}`);
  const numbers = ["indexes", "constraints", "files", "fileBytes"] as const;
  for (const name of numbers.slice(0, rowsOnly ? 2 : 4)) {
    if (expected[name] !== found[name]) lines.push(`${name}: expected ${expected[name]}, found ${found[name]}`);
  }
  return lines;
}

/** Schemas of the instance; those that a restore of ours in place keeps for an undo are not its. */
const schemasSql = `nspname not in ('pg_catalog', 'information_schema') and nspname !~ '^pg_toast|__previous_'`;
const tablesSql = `
  select format('%I.%I', nspname, relname) as name from pg_class c join pg_namespace n on n.oid = relnamespace
  where relkind = 'r' and ${schemasSql}
    and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
  order by 1`;
const objectsSql = `
  select
    (select count(*)::int from pg_index i join pg_class c on c.oid = indrelid join pg_namespace n on n.oid = relnamespace
     where ${schemasSql}) as indexes,
    (select count(*)::int from pg_constraint c join pg_namespace n on n.oid = connamespace
     where conrelid <> 0 and ${schemasSql}) as constraints`;

async function countDatabase(client: Client): Promise<Pick<Contents, "rows" | "indexes" | "constraints">> {
  const tables = await client.query<{ name: string }>(tablesSql);
  const rows: Contents["rows"] = {};
  // A statement locks all its tables at once.
  const tablesAtOnce = 500;
  for (let index = 0; index < tables.rows.length; index += tablesAtOnce) {
    const counts = tables.rows
      .slice(index, index + tablesAtOnce)
      .map(({ name }) => `select '${name.replaceAll("'", "''")}' as name, count(*)::int as n from ${name}`);
    const counted = await client.query<{ name: string; n: number }>(counts.join(" union all "));
    for (const { name, n } of counted.rows) rows[name] = n;
  }
  const objects = await client.query<{ indexes: number; constraints: number }>(objectsSql);
  return { rows, ...(objects.rows[0] ?? { indexes: 0, constraints: 0 }) };
}

async function countFiles(folder: string): Promise<Pick<Contents, "files" | "fileBytes">> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  let fileBytes = 0;
  for (const file of files) fileBytes += (await stat(join(file.parentPath, file.name))).size;
  return { files: files.length, fileBytes };
}
