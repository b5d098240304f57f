import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasSwitched } from "../../src/postgres/in-place/kept-states.ts";
import { beginSwitch, waitForSwitch } from "../../src/postgres/switch-lock.ts";
import { type TestDatabase, createTestDatabase, withClient } from "../fixtures/postgres.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase({ postgis: false });
});
afterAll(() => database.drop());

describe("a switch in the instance's database", () => {
  test.each([
    ["waitForSwitch", () => waitForSwitch(database.settings)],
    ["hasSwitched", () => hasSwitched(database.settings, "run1")],
  ])("is waited for until its transaction has ended: %s", async (_, ask) => {
    await withClient(database.settings, async (client) => {
      await client.query("begin");
      await beginSwitch(client);
      let isAnswered = false;
      const answer = ask().then(() => (isAnswered = true));
      await sleep(500);
      expect(isAnswered).toBe(false);
      await client.query("commit");
      await answer;
    });
  });

  test.each([
    ["off", "local"],
    ["on", "on"],
    ["remote_apply", "remote_apply"],
  ])("is durable when it is committed, whatever the database is set to: %s", async (set, during) => {
    await withClient(database.settings, async (client) => {
      const setting = async (): Promise<unknown> => (await client.query("show synchronous_commit")).rows[0];
      await client.query(`set synchronous_commit = ${set}`);
      await client.query("begin");
      await beginSwitch(client);
      expect(await setting()).toEqual({ synchronous_commit: during });
      await client.query("commit");
      expect(await setting()).toEqual({ synchronous_commit: set });
    });
  });
});
