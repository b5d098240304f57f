import { createHash } from "node:crypto";
import { open, readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { connect, type Client } from "../postgres/connection.ts";
import { copyOut } from "../postgres/copy-out.ts";
import type { ConnectionSettings } from "../postgres/settings.ts";
import { md5OfSortedRows } from "./sorted-rows.ts";

/** What a database holds, independent of the order of rows on disk. */
export interface DatabaseFingerprint {
  /** By quoted `schema.table`: number of rows, and the MD5 of their COPY text, sorted bytewise and joined by `\n`. */
  tables: Record<string, { rows: number; md5: string }>;
  /** Last value by quoted `schema.sequence`; null when it was never used. */
  sequences: Record<string, string | null>;
  /** Indexes, constraints, triggers, functions, large objects: number of lines of their listing, and its MD5. */
  objects: Record<string, { count: number; md5: string }>;
}

/** What a whole instance holds. */
export interface Fingerprint extends DatabaseFingerprint {
  /** Every file of the file storage by its relative path. */
  blobs: Record<string, { size: number; sha256: string }>;
  /** SHA-256 of every font (`*.ttf`, `*.otf`) by file name. */
  fonts: Record<string, string>;
}

const tablesSql = `
  select format('%I.%I', n.nspname, c.relname) as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\\_toast%'
    and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
  order by 1`;

const sequencesSql = `
  select format('%I.%I', schemaname, sequencename) as name, last_value::text as value from pg_sequences order by 1`;

const objectListings: Readonly<Record<string, string>> = {
  indexes: `select indexdef as line from pg_indexes where schemaname <> 'pg_catalog' order by 1`,
  constraints: `
    select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) as line from pg_constraint
    where contype in ('p', 'u', 'f', 'c')
      and connamespace not in (select oid from pg_namespace where nspname in ('pg_catalog', 'information_schema'))
    order by 1`,
  triggers: `select tgrelid::regclass || ' ' || tgname as line from pg_trigger where not tgisinternal order by 1`,
  functions: `
    select p.oid::regprocedure::text as line from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname not in ('pg_catalog', 'information_schema')
      and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
    order by p.oid`,
  large_objects: `select oid || E'\\t' || md5(lo_get(oid)) as line from pg_largeobject_metadata order by oid`,
};

/**
 * Takes the fingerprint of a database as of one moment. Tables of extensions are left out. One table at a time is held in
 * memory, with 8 bytes a row besides.
 * @throws AppError when the database cannot be reached or a table cannot be read
 */
export async function fingerprintDatabase(settings: ConnectionSettings): Promise<DatabaseFingerprint> {
  const client = await connect(settings, { applicationName: "ngwbackup fingerprint" });
  try {
    await client.query("begin isolation level repeatable read read only");
    return {
      tables: await fingerprintTables(client),
      sequences: await lastValues(client),
      objects: await fingerprintObjects(client),
    };
  } finally {
    await client.end();
  }
}

/**
 * Takes the fingerprint of a database and of its files. Folders that do not exist count as empty.
 * @param fileStoragePath the folder that holds a folder a component
 * @param fontPath the folder of the custom fonts; undefined: the instance has none
 */
export async function fingerprintInstance(
  settings: ConnectionSettings,
  fileStoragePath: string,
  fontPath: string | undefined,
): Promise<Fingerprint> {
  return {
    ...(await fingerprintDatabase(settings)),
    blobs: await fingerprintBlobs(fileStoragePath),
    fonts: fontPath === undefined ? {} : await fingerprintFonts(fontPath),
  };
}

async function fingerprintTables(client: Client): Promise<DatabaseFingerprint["tables"]> {
  const tables: DatabaseFingerprint["tables"] = {};
  const { rows } = await client.query<{ name: string }>(tablesSql);
  for (const { name } of rows) {
    const blocks: Buffer[] = [];
    await copyOut(client, `copy ${name} to stdout`, {
      blockBytes: 4 * 1024 * 1024,
      onBlock: (block) => void blocks.push(block),
    });
    tables[name] = md5OfSortedRows(blocks);
  }
  return tables;
}

async function lastValues(client: Client): Promise<DatabaseFingerprint["sequences"]> {
  const { rows } = await client.query<{ name: string; value: string | null }>(sequencesSql);
  return Object.fromEntries(rows.map((row) => [row.name, row.value]));
}

async function fingerprintObjects(client: Client): Promise<DatabaseFingerprint["objects"]> {
  const objects: DatabaseFingerprint["objects"] = {};
  for (const [kind, sql] of Object.entries(objectListings)) {
    const { rows } = await client.query<{ line: string | null }>(sql);
    const text = rows.map((row) => `${row.line ?? ""}\n`).join("");
    objects[kind] = {
      count: text === "" ? 0 : text.replace(/\r?\n$/, "").split(/\r\n|\r|\n/).length,
      md5: createHash("md5").update(text).digest("hex"),
    };
  }
  return objects;
}

async function fingerprintBlobs(fileStoragePath: string): Promise<Fingerprint["blobs"]> {
  const blobs: Fingerprint["blobs"] = {};
  const buffer = Buffer.allocUnsafeSlow(readBytes);
  for (const path of await filesUnder(fileStoragePath)) {
    blobs[relative(fileStoragePath, path)] = await digestFile(path, buffer);
  }
  return blobs;
}

async function fingerprintFonts(fontPath: string): Promise<Fingerprint["fonts"]> {
  const fonts: Fingerprint["fonts"] = {};
  const buffer = Buffer.allocUnsafeSlow(readBytes);
  for (const path of await filesUnder(fontPath)) {
    const name = relative(fontPath, path);
    if (name.includes("/") || !/\.(ttf|otf)$/.test(name)) continue;
    fonts[name] = (await digestFile(path, buffer)).sha256;
  }
  return fonts;
}

const readBytes = 1024 * 1024;

/** @param buffer filled again and again: hundreds of thousands of small files would cost a large one each */
async function digestFile(path: string, buffer: Buffer): Promise<{ size: number; sha256: string }> {
  const hash = createHash("sha256");
  const file = await open(path);
  try {
    let size = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return { size, sha256: hash.digest("hex") };
      hash.update(buffer.subarray(0, bytesRead));
      size += bytesRead;
    }
  } finally {
    await file.close();
  }
}

async function filesUnder(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw error;
    },
  );
  return found
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}
