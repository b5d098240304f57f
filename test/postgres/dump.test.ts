import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { findPgDump } from "../../src/postgres/client-tools.ts";
import { connect, serverVersionNumber } from "../../src/postgres/connection.ts";
import { libpqEnvironment } from "../../src/postgres/connection-parameters.ts";
import { copyOut } from "../../src/postgres/copy-out.ts";
import { planPieces } from "../../src/postgres/ctid-pieces.ts";
import { dumpToc } from "../../src/postgres/dump-toc.ts";
import { listLargeObjects, readLargeObject } from "../../src/postgres/large-objects.ts";
import type { ConnectionSettings } from "../../src/postgres/settings.ts";
import { dumpEncoding, importSnapshot, lockTables, openSnapshot } from "../../src/postgres/snapshot.ts";
import { decodeToc } from "../../src/postgres/toc-decode.ts";
import { encodeToc } from "../../src/postgres/toc-encode.ts";
import type { Toc } from "../../src/postgres/toc.ts";
import { createTestDatabase, testCluster, type TestDatabase } from "../fixtures/postgres.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

const run = promisify(execFile);
const awkwardSql = new URL("../fixtures/awkward-database.sql", import.meta.url);

const databases: TestDatabase[] = [];
afterEach(async () => {
  for (const database of databases.splice(0)) await database.drop();
});

async function emptyDatabase(postgis = false): Promise<TestDatabase> {
  const database = await createTestDatabase({ postgis });
  databases.push(database);
  return database;
}

/** A database of another encoding, dropped with the test's own. */
async function databaseIn(encoding: string): Promise<ConnectionSettings> {
  const database = await emptyDatabase();
  const name = `${database.name}_${encoding.toLowerCase()}`;
  await execute(
    database.admin,
    `CREATE DATABASE ${name} OWNER ${database.role} ENCODING ${encoding} LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`,
  );
  return { ...database.admin, database: name };
}

async function execute(settings: ConnectionSettings, sql: string): Promise<void> {
  const client = await connect(settings);
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

interface Dumped {
  toc: Toc;
  /** Rows by dump id, as bytes in latin1, ended as pg_dump ends them. */
  rows: Map<number, string>;
  pieces: number;
  largeObjects: Map<string, string>;
}

/** Dumps as a backup does, in small pieces. */
async function dump(settings: ConnectionSettings, pieceBytes: number): Promise<Dumped> {
  const { binDir } = testCluster();
  const snapshot = await openSnapshot(settings);
  const reader = await connect(settings);
  try {
    const encoding = await dumpEncoding(snapshot.client);
    const major = Math.floor((await serverVersionNumber(reader)) / 10000);
    const { path } = await findPgDump(major, settings.env, binDir);
    const toc = await dumpToc({
      settings,
      pgDumpPath: path,
      snapshot: snapshot.id,
      encoding,
      whileLocked: async (found) => {
        await lockTables(
          snapshot.client,
          found.entries
            .filter(({ description }) => description === "TABLE DATA")
            .map(({ namespace, tag }) => ({ schema: namespace ?? "", name: tag })),
          1000,
        );
      },
    });
    await importSnapshot(reader, snapshot.id, encoding);
    const pieces = await planPieces(snapshot.client, toc, { pieceBytes });
    const rows = new Map<number, string>();
    for (const { dumpId, copySql } of pieces) {
      const blocks: string[] = [rows.get(dumpId) ?? ""];
      await copyOut(reader, copySql, {
        blockBytes: 10_000,
        onBlock: (block) => void blocks.push(block.toString("latin1")),
      });
      rows.set(dumpId, blocks.join(""));
    }
    for (const [dumpId, text] of rows) rows.set(dumpId, `${text}\\.\n\n\n`);
    const largeObjects = new Map<string, string>();
    for (const oid of await listLargeObjects(reader)) {
      const parts: Buffer[] = [];
      for await (const part of readLargeObject(reader, oid)) parts.push(part);
      largeObjects.set(oid, Buffer.concat(parts).toString("latin1"));
    }
    snapshot.ensureAlive();
    return { toc, rows, pieces: pieces.length, largeObjects };
  } finally {
    await reader.end();
    await snapshot.close();
  }
}

/** What pg_dump itself writes as a folder. */
async function dumpByPgDump(settings: ConnectionSettings, encoding: string): Promise<Dumped> {
  const { binDir } = testCluster();
  const folder = join(await tempFolder(), "dump");
  const args = ["--format=directory", "--compress=0", `--file=${folder}`, `--encoding=${encoding}`];
  await run(join(binDir, "pg_dump"), args, { env: await libpqEnvironment(settings) });
  const toc = decodeToc(await readFile(join(folder, "toc.dat")));
  const rows = new Map<number, string>();
  const largeObjects = new Map<string, string>();
  for (const { dumpId, description, fileName } of toc.entries) {
    if (description === "TABLE DATA") rows.set(dumpId, await readFile(join(folder, fileName!), "latin1"));
    if (description !== "BLOBS") continue;
    for (const line of (await readFile(join(folder, fileName!), "utf8")).split("\n").filter((text) => text !== "")) {
      const [oid, name] = line.split(" ");
      largeObjects.set(oid!, await readFile(join(folder, name!), "latin1"));
    }
  }
  return { toc, rows, pieces: rows.size, largeObjects };
}

async function expectSameAsPgDump(settings: ConnectionSettings, encoding: string, pieceBytes: number): Promise<Dumped> {
  const ours = await dump(settings, pieceBytes);
  const theirs = await dumpByPgDump(settings, encoding);
  expect(encodeToc({ ...ours.toc, createdAt: theirs.toc.createdAt }).equals(encodeToc(theirs.toc))).toBe(true);
  expect(ours.rows).toEqual(theirs.rows);
  expect(ours.largeObjects).toEqual(theirs.largeObjects);
  return ours;
}

describe("a dump by pieces", () => {
  it("has the same table of contents, rows and large objects as pg_dump's, for awkward names and tables", async () => {
    const { admin } = await emptyDatabase();
    await execute(admin, await readFile(awkwardSql, "utf8"));
    await execute(
      admin,
      `CREATE TABLE "big one"("i d" serial, "a(b) FROM stdin" text, g integer GENERATED ALWAYS AS (1) STORED);
       INSERT INTO "big one"("a(b) FROM stdin") SELECT repeat(md5(i::text), 5) FROM generate_series(1, 4000) i;
       DELETE FROM "big one" WHERE "i d" % 3 = 0;
       CREATE TABLE big_nocols (); INSERT INTO big_nocols SELECT FROM generate_series(1, 3000);
       CREATE TABLE toasted (i integer, t text); ALTER TABLE toasted ALTER t SET STORAGE EXTERNAL;
       INSERT INTO toasted SELECT i, repeat('t', 100000) FROM generate_series(1, 20) i`,
    );
    const { pieces, rows, largeObjects } = await expectSameAsPgDump(admin, "UTF8", 50_000);
    expect(pieces).toBeGreaterThan(rows.size + 15);
    expect(largeObjects.size).toBe(3);
  });

  it("leaves out an extension's own rows as pg_dump does", async () => {
    const { settings } = await emptyDatabase(true);
    await execute(
      settings,
      `INSERT INTO spatial_ref_sys SELECT 990001, 'local', 1, srtext, proj4text FROM spatial_ref_sys WHERE srid = 4326;
       CREATE TABLE points (id serial, geom geometry(Point, 4326));
       INSERT INTO points (geom) SELECT ST_SetSRID(ST_MakePoint(i % 180, i % 90), 4326) FROM generate_series(1, 500) i`,
    );
    const { toc, rows } = await expectSameAsPgDump(settings, "UTF8", 1000);
    const entry = toc.entries.find(({ tag, description }) => description === "TABLE DATA" && tag === "spatial_ref_sys");
    expect(rows.get(entry!.dumpId)).toMatch(/^990001\tlocal\t1\t[^\n]*\n\\\.\n\n\n$/);
  });

  it("of a LATIN1 database is UTF-8", async () => {
    const latin = await databaseIn("LATIN1");
    await execute(latin, `CREATE TABLE "café" ("naïve" text); INSERT INTO "café" VALUES ('déjà vu')`);
    const { rows, toc } = await expectSameAsPgDump(latin, "UTF8", 1000);
    expect(toc.entries.some(({ tag }) => tag === "café")).toBe(true);
    expect([...rows.values()]).toEqual([`${Buffer.from("déjà vu").toString("latin1")}\n\\.\n\n\n`]);
  });

  it("of a SQL_ASCII database keeps bytes that are no UTF-8", async () => {
    const raw = await databaseIn("SQL_ASCII");
    await execute(raw, String.raw`CREATE TABLE bytes (t text); INSERT INTO bytes VALUES (E'a\xe9\xff'), ('plain')`);
    await execute(raw, String.raw`DO $$BEGIN EXECUTE E'COMMENT ON TABLE bytes IS ''\xe9t\xe9'''; END$$`);
    const { rows, toc } = await expectSameAsPgDump(raw, "SQL_ASCII", 1000);
    expect([...rows.values()]).toEqual(["a\xe9\xff\nplain\n\\.\n\n\n"]);
    expect(toc.entries.find(({ description }) => description === "COMMENT")?.definition).toContain("'\udce9t\udce9'");
  });

  it("sees one moment, whatever is written meanwhile", async () => {
    const { settings } = await emptyDatabase();
    await execute(settings, "CREATE TABLE t (i integer); INSERT INTO t SELECT generate_series(1, 1000)");
    const snapshot = await openSnapshot(settings);
    const reader = await connect(settings);
    try {
      await execute(settings, "DELETE FROM t WHERE i > 10; INSERT INTO t VALUES (-1); CREATE TABLE later ()");
      await importSnapshot(reader, snapshot.id);
      const { rows } = await reader.query("SELECT count(*)::integer AS n, min(i) AS low FROM public.t");
      expect(rows).toEqual([{ n: 1000, low: 1 }]);
      const pgDumpPath = join(testCluster().binDir, "pg_dump");
      const toc = await dumpToc({ settings, pgDumpPath, snapshot: snapshot.id });
      expect(toc.entries.filter(({ description }) => description === "TABLE").map(({ tag }) => tag)).toEqual(["t"]);
    } finally {
      await reader.end();
      await snapshot.close();
    }
  });
});

describe("pg_dump's failures", () => {
  it("are told in its own words", async () => {
    const { settings, admin, role } = await emptyDatabase();
    const pgDumpPath = join(testCluster().binDir, "pg_dump");
    const snapshot = await openSnapshot(settings);
    try {
      await expect(dumpToc({ settings, pgDumpPath, snapshot: "00000003-00000FFF-1" })).rejects.toMatchObject({
        code: "pg-dump-failed",
        message: expect.stringContaining("snapshot"),
      });
      await expect(dumpToc({ settings, pgDumpPath: "/no/pg_dump", snapshot: snapshot.id })).rejects.toMatchObject({
        exitCode: 4,
        message: expect.stringContaining("cannot start /no/pg_dump"),
      });
      await expect(dumpToc({ settings, pgDumpPath: "/bin/true", snapshot: snapshot.id })).rejects.toMatchObject({
        exitCode: 1,
        message: "the output of pg_dump: ends at byte 0 in the header",
      });
      const reason = new Error("interrupted");
      const signal = AbortSignal.abort(reason);
      await expect(dumpToc({ settings, pgDumpPath, snapshot: snapshot.id, signal })).rejects.toBe(reason);
      const controller = new AbortController();
      const whileLocked = (): Promise<void> => {
        controller.abort(reason);
        return Promise.reject(reason);
      };
      const aborted = dumpToc({ settings, pgDumpPath, snapshot: snapshot.id, signal: controller.signal, whileLocked });
      await expect(aborted).rejects.toBe(reason);
    } finally {
      await snapshot.close();
    }
    await execute(admin, `CREATE TABLE secret (i integer); REVOKE ALL ON secret FROM ${role}`);
    const later = await openSnapshot(settings);
    try {
      await expect(dumpToc({ settings, pgDumpPath, snapshot: later.id })).rejects.toMatchObject({
        code: "not-readable",
        exitCode: 4,
        message: expect.stringContaining("permission denied for table secret"),
      });
    } finally {
      await later.close();
    }
  });

  it("leave schemas out that are named, whatever their names", async () => {
    const { settings } = await emptyDatabase();
    await execute(settings, `CREATE SCHEMA "a*""b.C"; CREATE TABLE "a*""b.C".t (); CREATE SCHEMA "aa""b.C"`);
    const snapshot = await openSnapshot(settings);
    try {
      const toc = await dumpToc({
        settings,
        pgDumpPath: join(testCluster().binDir, "pg_dump"),
        snapshot: snapshot.id,
        excludeSchemas: ['a*"b.C'],
      });
      expect(toc.entries.filter(({ description }) => ["SCHEMA", "TABLE"].includes(description))).toEqual([
        expect.objectContaining({ tag: 'aa"b.C' }),
      ]);
    } finally {
      await snapshot.close();
    }
  });
});

describe("a snapshot", () => {
  it("that is lost says so", async () => {
    const { settings, admin } = await emptyDatabase();
    const snapshot = await openSnapshot(settings);
    const { rows } = await snapshot.client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    snapshot.ensureAlive();
    await execute(admin, `SELECT pg_terminate_backend(${rows[0]!.pid})`);
    await expect
      .poll(() => attempt(() => snapshot.ensureAlive()))
      .toMatch(/^the session that holds the snapshot has ended: /);
    const reader = await connect(settings);
    await expect(importSnapshot(reader, snapshot.id)).rejects.toMatchObject({ code: "snapshot-lost" });
    await reader.end();
    await snapshot.close();
  });

  it("locks the tables, and says when it cannot", async () => {
    const { settings } = await emptyDatabase();
    await execute(settings, `CREATE TABLE "o'n\ne" (); CREATE TABLE two ()`);
    const snapshot = await openSnapshot(settings);
    try {
      const tables = ["o'n\ne", "two"].map((name) => ({ schema: "public", name }));
      await lockTables(snapshot.client, tables, 100);
      const other = await connect(settings, { lockTimeoutMs: 50 });
      await expect(other.query("DROP TABLE two")).rejects.toMatchObject({ code: "55P03" });
      await other.query("INSERT INTO two DEFAULT VALUES");
      await other.end();
    } finally {
      await snapshot.close();
    }
    const blocker = await connect(settings);
    await blocker.query("BEGIN; LOCK TABLE two");
    for (const [name, code] of [
      ["two", "tables-locked"],
      ["gone", "table-dropped"],
    ] as const) {
      const late = await openSnapshot(settings);
      await expect(lockTables(late.client, [{ schema: "public", name }], 50)).rejects.toMatchObject({
        code,
        exitCode: 4,
      });
      await late.close();
    }
    await blocker.end();
  });
});

function attempt(action: () => void): string {
  try {
    action();
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
