import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AppError } from "../../src/errors.ts";
import { type Client, connect, lostConnection } from "../../src/postgres/connection.ts";
import { serverError, withServerHints, withStandbyHints } from "../../src/postgres/server-error.ts";
import { openSnapshot } from "../../src/postgres/snapshot.ts";
import { type TestDatabase, createTestDatabase, withClient } from "../fixtures/postgres.ts";
import { errorOf } from "../fixtures/streams.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase({ postgis: false });
});
afterAll(() => database.drop());

async function pidOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  return rows[0]!.pid;
}

async function asAdmin(sql: string): Promise<void> {
  await withClient(database.admin, (client) => client.query(sql));
}

/** What a session says that was asked something and ended, or asked after its end. */
async function endedSession(active: boolean): Promise<Error> {
  const client = await connect(database.settings);
  const pid = await pidOf(client);
  try {
    const asked = active ? errorOf(() => client.query("select pg_sleep(60)")) : undefined;
    await asAdmin(`select pg_terminate_backend(${pid})`);
    if (!active) await expect.poll(() => lostConnection(client)).toBeDefined();
    return await (asked ?? errorOf(() => client.query("select 1")));
  } finally {
    await client.end();
  }
}

describe("an error of the server", () => {
  test.each([true, false])("that ends a session is one for the administrator (busy: %s)", async (active) => {
    const found = serverError(await endedSession(active), "the instance is as it was");
    expect(found).toMatchObject({ code: "server-gone", exitCode: 1 });
    expect(found?.message).toMatch(
      /^the server has ended our connection: terminating connection due to .*; the instance is as it was$/,
    );
    expect(found?.hints.length).toBeGreaterThan(0);
  });

  test("that ended an idle session is told, not that the connection went away after it", async () => {
    const snapshot = await openSnapshot(database.settings);
    await asAdmin(`select pg_terminate_backend(${await pidOf(snapshot.client)})`);
    await expect.poll(() => lostConnection(snapshot.client)).toBeDefined();
    expect((await snapshot.whyLost())?.message).toMatch(/terminating connection due to administrator command/);
    await snapshot.close();
  });

  test("is found however lately a snapshot's session has ended", async () => {
    const snapshot = await openSnapshot(database.settings);
    expect(await snapshot.whyLost()).toBeUndefined();
    await asAdmin(`select pg_terminate_backend(${await pidOf(snapshot.client)}, 5000)`);
    expect(await snapshot.whyLost()).toMatchObject({ code: "snapshot-lost" });
    await snapshot.close();
  });

  test("that lies in its surroundings has a hint, one that we are to blame for stays what it is", async () => {
    const client = await connect(database.settings);
    const said = async (sql: string): Promise<Error> => await errorOf(() => client.query(sql));
    try {
      expect(serverError(await said("select from pg_authid"))).toMatchObject({ code: "no-privilege" });
      expect(serverError(await said("select from not_there"))).toMatchObject({ code: "dropped" });
      expect(serverError(await said("set statement_timeout = 10; select pg_sleep(9)"))).toMatchObject({
        code: "query-cancelled",
      });
      expect(serverError(await said("selekt 1"))).toBeUndefined();
      expect(serverError(new TypeError("ours"))).toBeUndefined();
      expect(serverError(new AppError("known", "known"))).toBeUndefined();
    } finally {
      await client.end();
    }
  });

  test("behind another error gives it hints, unless it has some", async () => {
    const cause = await endedSession(true);
    const outer = new AppError("drop-database", "cannot drop database x", { cause });
    expect(withServerHints(outer)).toMatchObject({
      code: "drop-database",
      message: outer.message,
      hints: [expect.stringContaining("systemctl status postgresql"), expect.any(String)],
    });
    const hinted = new AppError("x", "x", { cause, hints: ["do this"] });
    expect(withServerHints(hinted)).toBe(hinted);
    const other = new AppError("x", "x", { cause: new Error("ours") });
    expect(withServerHints(other)).toBe(other);
  });

  test("on a standby names the settings that help, even where the reason got lost with the connection", () => {
    const cause = Object.assign(new Error("write EPIPE"), { code: "EPIPE" });
    const lost = withStandbyHints(new AppError("snapshot-lost", "gone", { cause })) as AppError;
    expect(lost).toMatchObject({ code: "snapshot-lost", message: "gone", exitCode: 1 });
    expect(lost.hints.join()).toContain("max_standby_streaming_delay");
    expect(withStandbyHints(cause)).toMatchObject({ code: "server-gone" });
    const other = new AppError("x", "x");
    expect(withStandbyHints(other)).toBe(other);
  });

  test("by which a standby cancels us names the settings that help", () => {
    const cancelled = Object.assign(new Error("canceling statement due to conflict with recovery"), { code: "40001" });
    const { hints = [] } = serverError(cancelled) ?? {};
    expect(hints.join()).toContain("max_standby_streaming_delay");
    expect(hints.join()).toContain("hot_standby_feedback");
  });
});
