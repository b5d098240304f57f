import { readFile } from "node:fs/promises";
import { afterEach, describe, expect, test } from "vitest";
import { plain } from "../../../src/applications/plain.ts";
import { copyEarly } from "../../../src/operations/backup/early-tables.ts";
import { heldTables, inArchiveOrder } from "../../../src/operations/backup/held-tables.ts";
import { savedTables } from "../../../src/operations/backup/saved-tables.ts";
import { findPgDump } from "../../../src/postgres/client-tools.ts";
import { connect, serverVersionNumber } from "../../../src/postgres/connection.ts";
import { planPieces } from "../../../src/postgres/ctid-pieces.ts";
import { dumpToc } from "../../../src/postgres/dump-toc.ts";
import type { ConnectionSettings } from "../../../src/postgres/settings.ts";
import {
  copyAll,
  databaseWith,
  dropDatabases,
  ended,
  execute,
  isIdle,
  texts,
  withSnapshot,
} from "../../fixtures/early-copy.ts";
import { testCluster, withClient } from "../../fixtures/postgres.ts";

afterEach(dropDatabases);

describe("tables copied while pg_dump works", () => {
  test.each(["zstd", "gzip", "none"] as const)("are small ordinary ones, whole, in %s", async (codec) => {
    const settings = await databaseWith(`
      create table one (id integer, "Two words" text, doubled integer generated always as (id * 2) stored, gone text, "user" text);
      alter table one drop column gone;
      insert into one values (1, 'a', default, 'x'), (2, null, default, E'\\t');
      create table empty (id integer);
      create table nothing ();
      insert into nothing default values;
      create table frames as select i, repeat('x', 8000) as text from generate_series(1, 60) i;
      create table large as select i, md5(i::text) from generate_series(1, 5000) i;
      create materialized view seen as select 1 as one;
      create table parted (id integer) partition by list (id);
      create table "part ""1""" partition of parted for values in (1);
      insert into parted values (1)`);
    await withSnapshot(
      settings,
      async ({ options }) => {
        expect(await copyAll(options)).toEqual({
          "public.one": ended("1\ta\tx\n2\t\\N\t\\t\n"),
          "public.empty": ended(""),
          "public.nothing": ended("\n"),
          "public.frames": ended(
            Array.from(
              { length: 60 },
              (_, i) => `${i + 1}	${"x".repeat(8000)}
`,
            ).join(""),
          ),
          'public.part "1"': ended("1\n"),
        });
      },
      { codec },
    );
  });

  test("are those of pg_dump's table of contents, with the same columns", async () => {
    const awkward = await readFile(new URL("../../fixtures/awkward-database.sql", import.meta.url), "utf8");
    const settings = await databaseWith(awkward, "admin");
    await withSnapshot(settings, async ({ snapshot, options }) => {
      const copy = copyEarly(options);
      await expect.poll(() => isIdle(settings), { timeout: 20_000 }).toBe(true);
      const early = await copy.finish();
      await copy.close();
      const major = Math.floor((await serverVersionNumber(snapshot.client)) / 10000);
      const { path } = await findPgDump(major, settings.env, testCluster().binDir);
      const toc = await dumpToc({ settings, pgDumpPath: path, snapshot: snapshot.id });
      const held = heldTables(toc, early);
      const all = await planPieces(snapshot.client, toc, { pieceBytes: 1e9 });
      const small = all.filter(({ isHeap, sizeBytes }) => isHeap && sizeBytes <= 65_536);
      expect(small.length).toBeGreaterThan(3);
      expect([...held.keys()].toSorted((a, b) => a - b)).toEqual(
        small.map(({ dumpId }) => dumpId).toSorted((a, b) => a - b),
      );
      const rest = await planPieces(snapshot.client, toc, { pieceBytes: 1e9, without: held });
      expect(rest.length).toBe(all.length - small.length);
      expect(inArchiveOrder(toc, rest, held).map(({ dumpId }) => dumpId)).toEqual(all.map(({ dumpId }) => dumpId));
      // Another list of columns in the table of contents: not the rows that it wants.
      const other = toc.entries.map((entry) => ({
        ...entry,
        copyStatement: entry.copyStatement?.replace("(", "(more, ") ?? null,
      }));
      expect(heldTables({ ...toc, entries: other }, early).size).toBe(
        toc.entries.filter((entry) => held.has(entry.dumpId) && entry.copyStatement?.includes("(") !== true).length,
      );
    });
  });

  test("stop at the bound of memory, at an abort, and when they are wanted", async () => {
    const settings = await databaseWith(
      Array.from({ length: 400 }, (_, i) => `create table t${i} as select ${i} as id`).join(";"),
    );
    await withSnapshot(settings, async ({ options }) => {
      const bounded = await copyAll({ ...options, limitBytes: 100_000 });
      expect(Object.keys(bounded).length).toBeGreaterThan(50);
      expect(Object.keys(bounded).length).toBeLessThan(250);
      const early = copyEarly(options);
      expect((await early.finish()).size).toBeLessThan(400);
      await early.close();
      const aborted = copyEarly({ ...options, signal: AbortSignal.abort(new Error("interrupted")) });
      expect((await aborted.finish()).size).toBe(0);
      await aborted.close();
    });
  });

  test("are none when nothing works, without an error", async () => {
    const settings = await databaseWith("create table t as select 1 as id");
    await withSnapshot(settings, async ({ options, snapshot }) => {
      const nowhere = copyEarly({ ...options, settings: { ...settings, database: "no_such_database" } });
      expect((await nowhere.finish()).size).toBe(0);
      await nowhere.close();
      const gone = { ...options, snapshot: { id: "00000000-00000000-1" } };
      const lost = copyEarly(gone);
      expect((await lost.finish()).size).toBe(0);
      await lost.close();
      await snapshot.close();
    });
  });

  test("of a table that has grown since its size was looked up end the copying, not the backup", async () => {
    const settings = await databaseWith("create table a as select 1 as id; create table grown (text text)");
    const client = await connect(settings);
    const saved = await savedTables(client, plain);
    await client.end();
    await execute(settings, "insert into grown select repeat('x', 1000) from generate_series(1, 20000)");
    await withSnapshot(
      settings,
      async ({ options }) => {
        const early = copyEarly(options);
        await expect.poll(async () => await sessions(settings), { timeout: 20_000 }).toBe(0);
        expect(await texts(await early.finish(), options)).not.toHaveProperty(["public.grown"]);
        await early.close();
      },
      { saved },
    );
  });
});

async function sessions(settings: ConnectionSettings): Promise<number> {
  return await withClient(settings, async (client) => {
    const { rowCount } = await client.query(
      "select from pg_stat_activity where application_name = 'ngwbackup early copy' and datname = current_database()",
    );
    return rowCount ?? 0;
  });
}
