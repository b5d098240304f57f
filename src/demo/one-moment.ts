import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { connect, type Client } from "../postgres/connection.ts";
import type { ConnectionSettings } from "../postgres/settings.ts";
import { blobPath } from "./files.ts";

/** What was looked at, so that an empty copy does not pass for a whole one. */
export interface OneMoment {
  /** What contradicts one moment, a line each; empty when nothing does. */
  faults: string[];
  blobs: number;
  counters: number;
  foreignKeys: number;
}

/**
 * Checks that a restored instance is of one moment: every row of `fileobj` has its blob, of the right size; the counts of
 * {@link startWriters}'s clients agree in both tables and in the blob; every foreign key holds.
 */
export async function checkOneMoment(settings: ConnectionSettings, fileStoragePath: string): Promise<OneMoment> {
  const client = await connect(settings, { applicationName: "ngwbackup check of one moment" });
  try {
    await client.query("begin isolation level repeatable read read only");
    const blobs = await checkBlobs(client, fileStoragePath);
    const counters = await checkCounters(client, fileStoragePath);
    const keys = await checkForeignKeys(client);
    return {
      faults: [...blobs.faults, ...counters.faults, ...keys.faults],
      blobs: blobs.checked,
      counters: counters.checked,
      foreignKeys: keys.checked,
    };
  } finally {
    await client.end();
  }
}

interface Checked {
  faults: string[];
  checked: number;
}

async function checkBlobs(client: Client, fileStoragePath: string): Promise<Checked> {
  const faults: string[] = [];
  const { rows } = await client.query<{ component: string; uuid: string; size: string }>(
    "select component, uuid, size from public.fileobj",
  );
  for (const row of rows) {
    const path = blobPath(row);
    const found = await stat(join(fileStoragePath, path)).catch(() => undefined);
    if (found === undefined) faults.push(`blob ${path}: expected ${row.size} bytes, found no file`);
    else if (found.size !== Number(row.size)) {
      faults.push(`blob ${path}: expected ${row.size} bytes, found ${found.size}`);
    }
  }
  return { faults, checked: rows.length };
}

async function checkCounters(client: Client, fileStoragePath: string): Promise<Checked> {
  const there = await client.query<{ there: boolean }>(
    "select to_regclass('public.demo_counter') is not null and to_regclass('public.setting') is not null as there",
  );
  if (there.rows[0]?.there !== true) return { faults: [], checked: 0 };
  const { rows } = await client.query<{
    client: number;
    value: number | null;
    setting: string | null;
    component: string | null;
    uuid: string | null;
  }>(`
    select coalesce('counter ' || client, name) as client, demo_counter.value, s.value #>> '{}' as setting, component, uuid
    from public.demo_counter left join public.fileobj on id = fileobj_id
      full join (select name, value from public.setting where component = 'demo') s on name = 'counter ' || client`);
  const faults: string[] = [];
  for (const row of rows) {
    const content =
      row.component === null || row.uuid === null
        ? "no blob"
        : await readFile(join(fileStoragePath, blobPath({ component: row.component, uuid: row.uuid })), "utf8").catch(
            () => "no file",
          );
    const values = [String(row.value), String(row.setting), content];
    if (new Set(values).size > 1)
      faults.push(`${row.client}: its table, its setting and its blob say ${values.join(", ")}`);
  }
  return { faults, checked: rows.length };
}

async function checkForeignKeys(client: Client): Promise<Checked> {
  const { rows } = await client.query<{ name: string; child: string; parent: string; keys: [string, string][] }>(`
    select conname as name, conrelid::regclass::text as child, confrelid::regclass::text as parent,
      (select json_agg(json_build_array(quote_ident(c.attname), quote_ident(p.attname)))
       from unnest(conkey, confkey) as k (child, parent)
         join pg_attribute c on c.attrelid = conrelid and c.attnum = k.child
         join pg_attribute p on p.attrelid = confrelid and p.attnum = k.parent) as keys
    from pg_constraint where contype = 'f' order by 2, 1`);
  const faults: string[] = [];
  for (const { name, child, parent, keys } of rows) {
    const matches = keys.map(([own, other]) => `p.${other} = c.${own}`).join(" and ");
    const present = keys.map(([own]) => `c.${own} is not null`).join(" and ");
    const orphans = await client.query<{ n: number }>(
      `select count(*)::int as n from ${child} c
       where ${present} and not exists (select from ${parent} p where ${matches})`,
    );
    const n = orphans.rows[0]?.n ?? 0;
    if (n > 0) faults.push(`foreign key ${name} of ${child}: ${n} rows refer to nothing in ${parent}`);
  }
  return { faults, checked: rows.length };
}
