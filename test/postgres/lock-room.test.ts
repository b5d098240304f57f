import { afterAll, describe, expect, it } from "vitest";
import { type Cluster, startCluster } from "../../src/cluster/cluster.ts";
import type { ConnectionSettings } from "../../src/postgres/settings.ts";
import { ensureNotRewritten } from "../../src/postgres/rewritten-tables.ts";
import { serverError } from "../../src/postgres/server-error.ts";
import { lockTables } from "../../src/postgres/snapshot.ts";
import { cleanEnvironment, withClient } from "../fixtures/postgres.ts";
import { errorOf } from "../fixtures/streams.ts";

const tables = Array.from({ length: 5000 }, (_, index) => ({ schema: "public", name: `t${index}` }));

let cluster: Cluster | undefined;
afterAll(() => cluster?.stop());

/** A server whose lock table holds far fewer entries than the database has tables. */
async function smallServer(): Promise<ConnectionSettings> {
  cluster ??= await startCluster({
    env: cleanEnvironment(),
    signal: new AbortController().signal,
    settings: { max_locks_per_transaction: "10", max_connections: "10", fsync: "off" },
  });
  const { host, port, superuser } = cluster;
  return { host, port, user: superuser, database: "postgres", env: cleanEnvironment() };
}

describe("locks on more tables than the server has room for", () => {
  it("are not taken, and the transaction goes on", async () => {
    await withClient(await smallServer(), async (client) => {
      for (let start = 0; start < tables.length; start += 50)
        await client.query(
          tables
            .slice(start, start + 50)
            .map(({ name }) => `create table ${name} (id integer)`)
            .join(";"),
        );
      await client.query("begin");
      expect(await lockTables(client, tables, 1000)).toBe(false);
      expect(await lockTables(client, tables.slice(0, 20), 1000)).toBe(true);
      const { rows } = await client.query(
        "select count(*)::integer as held from pg_locks where mode = 'AccessShareLock' and relation::regclass::text ~ '^t[0-9]+$'",
      );
      expect(rows).toEqual([{ held: 20 }]);
      await client.query("rollback");
    });
  });

  it("are not taken to the last of the room", async () => {
    const settings = await smallServer();
    await withClient(settings, async (client) => {
      await client.query("begin");
      let most = 0;
      for (let count = 20; count <= tables.length; count += 20) {
        await client.query("savepoint before");
        const isLocked = await lockTables(client, tables.slice(0, count), 1000);
        if (!isLocked) break;
        most = count;
        await client.query("rollback to savepoint before");
      }
      expect(most).toBeGreaterThan(100);
      await client.query("rollback; begin");
      expect(await lockTables(client, tables.slice(0, most), 1000)).toBe(true);
      await withClient(settings, async (other) => {
        const names = tables.slice(-60).map(({ name }) => name);
        await other.query(`begin; lock table ${names.join(", ")} in access share mode; rollback`);
      });
      await client.query("rollback");
    });
  });

  it("are told by name when nothing else will do", async () => {
    await withClient(await smallServer(), async (client) => {
      await client.query("begin");
      const lockAll = `do $$ begin for n in 0..4999 loop execute 'lock table t' || n || ' in access share mode'; end loop; end $$`;
      const found = serverError(await errorOf(() => client.query(lockAll)), "no archive was written");
      expect(found).toMatchObject({
        code: "no-lock-space",
        exitCode: 1,
        message: "the server has no room for locks: out of shared memory; no archive was written",
        hints: [expect.stringContaining("max_locks_per_transaction")],
      });
      await client.query("rollback");
    });
  });

  it("leave it to the tables' files to tell which were rewritten", async () => {
    await withClient(await smallServer(), async (client) => {
      await client.query(`create table if not exists "Plain" (id integer); create table if not exists rewritten (id integer);
        create table if not exists truncated (id integer)`);
      const { rows: before } = await client.query(
        `select oid, 'public' as schema, relname as name, pg_relation_filenode(oid) as filenode
           from pg_class where relname in ('Plain', 'rewritten', 'truncated') order by relname`,
      );
      await ensureNotRewritten(client, before);
      await client.query(`alter table "Plain" add column more text`);
      await client.query("alter table rewritten alter column id type bigint");
      await client.query("truncate truncated");
      await expect(ensureNotRewritten(client, before, ["more"])).rejects.toMatchObject({
        code: "table-rewritten",
        message: '"public"."rewritten" was rewritten while the backup ran',
        details: ['"public"."truncated"'],
        hints: ["try again", "more"],
      });
    });
  });
});
