import { afterEach, describe, expect, it } from "vitest";
import { plain } from "../../../src/applications/plain.ts";
import { noEarlierRows } from "../../../src/operations/backup/base/earlier-rows.ts";
import { type DumpPlan, readDumpPlan } from "../../../src/operations/backup/dump-plan.ts";
import { findPgDump } from "../../../src/postgres/client-tools.ts";
import { serverVersionNumber } from "../../../src/postgres/connection.ts";
import { databaseWith, dropDatabases, execute, withSnapshot, type Early } from "../../fixtures/early-copy.ts";
import { testCluster } from "../../fixtures/postgres.ts";

afterEach(dropDatabases);

async function planOf({ settings, snapshot, options }: Early): Promise<DumpPlan> {
  const major = Math.floor((await serverVersionNumber(snapshot.client)) / 10000);
  const pgDump = await findPgDump(major, settings.env, testCluster().binDir);
  return await readDumpPlan({
    settings,
    application: plain,
    pgDumpPath: pgDump.path,
    snapshot,
    encoding: options.encoding,
    isLockedAhead: false,
    early: undefined,
    earlier: noEarlierRows(undefined),
    meanwhile: () => Promise.resolve(),
    reporter: { report: () => {} },
    signal: options.signal,
  });
}

describe("the plan of a dump", () => {
  it("has the tables of the snapshot, locked", async () => {
    const settings = await databaseWith("create table one (id integer); create table two (id integer)");
    await withSnapshot(settings, async (early) => {
      // What comes later is not in it, and does not hinder it.
      await execute(settings, "create table three (id integer); insert into two values (1)");
      await execute(settings, "vacuum one");
      const { tables, locked } = await planOf(early);
      expect(tables.map(({ name }) => name)).toEqual(["one", "two"]);
      expect(locked).toBe(true);
    });
  });

  it.each([
    ["truncated", "truncate one"],
    ["rewritten by ALTER TABLE", "alter table one alter column id type bigint"],
  ])("is refused when a table was %s after the snapshot: its rows would be missing", async (_how, sql) => {
    const settings = await databaseWith("create table one (id integer); insert into one values (1)");
    await withSnapshot(settings, async (early) => {
      await execute(settings, sql);
      await expect(planOf(early)).rejects.toMatchObject({
        code: "table-rewritten",
        message: '"public"."one" was rewritten while the backup ran',
      });
    });
  });
});
