import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { startCluster } from "../../../src/cluster/cluster.ts";
import { copyEarly } from "../../../src/operations/backup/early-tables.ts";
import type { ConnectionSettings } from "../../../src/postgres/settings.ts";
import {
  copyAll,
  databaseWith,
  dropDatabases,
  ended,
  execute,
  texts,
  withSnapshot,
} from "../../fixtures/early-copy.ts";
import { cleanEnvironment, withClient } from "../../fixtures/postgres.ts";

afterEach(dropDatabases);

describe("tables copied while pg_dump works and others alter them", () => {
  test("are never what somebody has altered since the snapshot", async () => {
    const names = [
      "dropped",
      "truncated",
      "retyped",
      "widened",
      "replaced",
      "renamed",
      "swapped",
      "other",
      "columns",
      "vacuumed",
    ];
    const settings = await databaseWith(`
      ${names.map((name) => `create table ${name} (id integer, a text, b text); insert into ${name} values (1, '${name}', 'b')`).join(";")};
      create schema moved; create table moved.inside as select 1 as id;
      create schema decoy; create table decoy.inside as select 666 as id;
      create table same (id integer); insert into same values (1)`);
    await withSnapshot(settings, async ({ options }) => {
      await execute(
        settings,
        `drop table dropped;
         truncate truncated;
         alter table retyped alter id type bigint using id + 1;
         alter table widened add more text default 'm';
         alter table replaced drop a; alter table replaced add a text;
         alter table renamed rename to renamed_since;
         alter table swapped rename to kept; alter table other rename to swapped; alter table kept rename to other;
         alter table columns rename a to c; alter table columns rename b to a; alter table columns rename c to b;
         alter schema moved rename to away; alter schema decoy rename to moved;
         insert into same values (2)`,
      );
      await execute(settings, "vacuum full public.vacuumed");
      await execute(settings, "vacuum analyze public.same");
      expect(await copyAll(options)).toEqual({ "public.same": ended("1\n") });
    });
  });

  test("have all their rows when somebody truncates beside the copying", async () => {
    const count = 400;
    for (let round = 0; round < 3; round += 1) {
      const settings = await databaseWith(
        Array.from({ length: count }, (_, i) => `create table t${i} as select ${i} as id`).join(";"),
      );
      await withSnapshot(settings, async ({ options }) => {
        // Some are truncated before they are copied, some after it, and some, the last of each hundred, in between.
        const [held] = await Promise.all([copyAll(options), truncateAll(settings, count)]);
        for (const [name, text] of Object.entries(held)) expect(text).toBe(ended(`${name.slice("public.t".length)}\n`));
      });
    }
  });

  test("are left out while others lock them, without a long wait, and without harm to others", async () => {
    const settings = await databaseWith(
      Array.from({ length: 250 }, (_, i) => `create table t${i} as select ${i} as id`).join(";"),
    );
    await withSnapshot(settings, async ({ options }) => {
      await withClient(settings, async (locker) => {
        await locker.query("begin; lock table t7, t100, t249");
        const startedMs = performance.now();
        const held = await copyAll(options);
        expect(performance.now() - startedMs).toBeLessThan(5000);
        expect(Object.keys(held).length).toBe(247);
        for (const name of ["t7", "t100", "t249"]) expect(held).not.toHaveProperty([`public.${name}`]);
        await locker.query("rollback; begin");
        for (let i = 0; i < 250; i += 2) await locker.query(`lock table t${i}`);
        // Too many of them: the copying gives up, and everything is copied the ordinary way.
        expect(Object.keys(await copyAll(options)).length).toBeLessThan(125);
        await locker.query("rollback");
      });
    });
  });

  test("need no room for locks that pg_dump does not need", async () => {
    const signal = new AbortController().signal;
    const cluster = await startCluster({
      env: cleanEnvironment(),
      signal,
      settings: { max_locks_per_transaction: "10", max_connections: "10", fsync: "off" },
    });
    try {
      const { host, port, superuser } = cluster;
      const settings = { host, port, user: superuser, database: "postgres", env: cleanEnvironment() };
      for (let start = 0; start < 600; start += 50)
        await execute(
          settings,
          Array.from({ length: 50 }, (_, i) => `create table t${start + i} as select ${start + i} as id`).join(";"),
        );
      await withSnapshot(settings, async ({ options }) => {
        expect(Object.keys(await copyAll(options)).length).toBe(600);
        await withClient(settings, async (greedy) => {
          await greedy.query("begin");
          for (let i = 0; i < 600; i += 1) {
            const isFull = await greedy.query(`savepoint s; lock table t${i} in access share mode`).then(
              () => false,
              () => true,
            );
            if (isFull) break;
          }
          // Nothing is certain here but that it ends, and that what it has is right.
          const early = copyEarly(options);
          await sleep(1000);
          for (const [name, text] of Object.entries(await texts(await early.finish(), options)))
            expect(text).toBe(ended(`${name.slice("public.t".length)}\n`));
          await early.close();
        });
      });
    } finally {
      await cluster.stop();
    }
  }, 60_000);
});

/** Truncates one table after another. */
async function truncateAll(settings: ConnectionSettings, count: number): Promise<void> {
  await withClient(settings, async (client) => {
    for (let i = 0; i < count; i += 1) await client.query(`truncate t${i}`);
  });
}
