import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect } from "../../src/postgres/connection.ts";
import { lockAhead } from "../../src/postgres/lock-ahead.ts";
import { openSnapshot } from "../../src/postgres/snapshot.ts";
import { type TestDatabase, createTestDatabase, withClient } from "../fixtures/postgres.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase({ postgis: false });
  await withClient(database.settings, (client) =>
    client.query("create table first (n int); create table other (n int)"),
  );
});
afterAll(() => database.drop());

const { signal } = new AbortController();

test("tables are locked before the snapshot is taken, and nobody rewrites them after it", async () => {
  const lister = await connect(database.settings);
  let isLocked: boolean | undefined;
  const snapshot = await openSnapshot(database.settings, async (client) => {
    isLocked = await lockAhead(client, lister, signal);
    // Committed after the locks: in the snapshot, since the locks have not taken it.
    await lister.query("insert into first values (1)");
  });
  try {
    expect(isLocked).toBe(true);
    expect((await snapshot.client.query("select n from public.first")).rows).toEqual([{ n: 1 }]);
    await lister.query("set lock_timeout = 50");
    for (const sql of ["truncate first", "drop table other", "alter table other add m float8 default random()"])
      await expect(lister.query(sql)).rejects.toMatchObject({ code: "55P03" });
  } finally {
    await snapshot.close();
    await lister.end();
  }
});

test("what is being altered or dropped is waited for", async () => {
  const lister = await connect(database.settings);
  const holder = await connect(database.settings);
  await holder.query("create table doomed (); begin; truncate first; insert into first values (7); drop table doomed");
  const released = sleep(600).then(() => holder.query("commit"));
  let isLocked: boolean | undefined;
  const snapshot = await openSnapshot(database.settings, async (client) => {
    isLocked = await lockAhead(client, lister, signal);
  });
  try {
    expect(isLocked).toBe(true);
    expect((await snapshot.client.query("select n from public.first")).rows).toEqual([{ n: 7 }]);
  } finally {
    await released;
    await snapshot.close();
    await lister.end();
    await holder.end();
  }
});

test("an interruption ends the wait", async () => {
  const lister = await connect(database.settings);
  const abort = new AbortController();
  const snapshot = await openSnapshot(database.settings, async (client) => {
    abort.abort(new Error("enough"));
    await expect(lockAhead(client, lister, abort.signal)).rejects.toThrow("enough");
  });
  expect(snapshot.id).toMatch(/./);
  await snapshot.close();
  await lister.end();
});
