import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createInstance } from "../../src/demo/instance.ts";
import { tinyScale } from "../../src/demo/scale.ts";
import { withClient } from "../fixtures/postgres.ts";
import { runCli } from "../fixtures/run-cli.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";
import { type TestInstance, createTestInstance } from "../fixtures/test-instance.ts";

let instance: TestInstance;

beforeAll(async () => {
  instance = await createTestInstance();
  await createInstance({ settings: instance.database.settings, sdir: instance.sdir, scale: tinyScale });
});
afterAll(() => instance.drop());

/** Runs a backup that waits for a table which somebody holds, and does something to it then. */
async function whileWaiting(
  act: (client: Client) => Promise<unknown>,
): Promise<{ ended: Awaited<ReturnType<typeof runCli>>; left: string[] }> {
  const folder = await tempFolder();
  const { admin, role } = instance.database;
  return await withClient(admin, async (holder) => {
    await holder.query("begin; lock table public.resource in access exclusive mode");
    const running = runCli(["backup", ...instance.config, join(folder, "archive")]);
    await withClient(admin, async (client) => {
      const waiting = "select from pg_stat_activity where usename = $1 and wait_event_type = 'Lock'";
      while ((await client.query(waiting, [role])).rowCount === 0) await sleep(20);
      await act(client);
    });
    await holder.query("commit");
    return { ended: await running, left: readdirSync(folder) };
  });
}

describe("a backup", () => {
  test("whose sessions are ended says so in a line, with a next step and no stack", async () => {
    const { ended, left } = await whileWaiting((client) =>
      client.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = $1", [
        instance.database.role,
      ]),
    );
    expect(ended.exitCode).toBe(1);
    expect(ended.stderr).toMatch(/^error: .*terminating connection/m);
    expect(ended.stderr).toMatch(/^hint: see that PostgreSQL runs/m);
    expect(ended.stderr).not.toMatch(/unexpected|^ {4}at /m);
    expect(left).toEqual([]);
  });

  test("waits for a table that somebody holds for a moment", async () => {
    const { ended, left } = await whileWaiting(() => sleep(500));
    expect(ended).toMatchObject({ exitCode: 0 });
    expect(left).toEqual(["archive"]);
  });
});
