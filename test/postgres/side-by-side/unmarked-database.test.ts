import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { besideName } from "../../../src/postgres/side-by-side/database-names.ts";
import { runSessionName } from "../../../src/postgres/side-by-side/end-run-sessions.ts";
import { dropUnmarkedDatabase } from "../../../src/postgres/side-by-side/unmarked-database.ts";
import { type Client, connect } from "../../../src/postgres/connection.ts";
import { createTestDatabase, withClient } from "../../fixtures/postgres.ts";

test("the database of a run that died before it marked it is dropped; a marked or a stranger's one stays", async () => {
  const database = await createTestDatabase({ postgis: false, createDb: true });
  try {
    const name = besideName(database.name, "restore", new Date(), "deadrun1");
    const marked = besideName(database.name, "restore", new Date(), "deadrun2");
    await withClient({ ...database.settings, database: "postgres" }, async (client) => {
      await client.query(`CREATE DATABASE "${name}"`);
      await client.query(`CREATE DATABASE "${marked}"`);
      await client.query(`COMMENT ON DATABASE "${marked}" IS 'mine'`);
    });
    const options = { settings: database.settings };
    expect(await dropUnmarkedDatabase(options, "deadrun2")).toBeUndefined();
    expect(await dropUnmarkedDatabase(options, "otherrun")).toBeUndefined();
    expect(await dropUnmarkedDatabase(options, "deadrun1")).toBe(name);
    expect(await dropUnmarkedDatabase(options, "deadrun1")).toBeUndefined();
  } finally {
    await database.drop();
  }
});

test("a database that the server is still making for a dead run is not left behind", async () => {
  const database = await createTestDatabase({ postgis: false, createDb: true });
  try {
    const name = besideName(database.name, "restore", new Date(), "deadrun3");
    const dead = await connect(
      { ...database.settings, database: "postgres" },
      { database: "postgres", applicationName: runSessionName("deadrun3") },
    );
    const made = await withClient(database.admin, async (holder) => {
      // The server waits here with the new database, as it would for a slow disk.
      await holder.query("BEGIN; LOCK TABLE pg_catalog.pg_database IN SHARE MODE");
      const creation = dead.query(`CREATE DATABASE "${name}"`).then(
        () => "made",
        () => "given up",
      );
      await waitUntilBlocked(holder, runSessionName("deadrun3"));
      const dropped = dropUnmarkedDatabase({ settings: database.settings }, "deadrun3");
      const end = await Promise.race([creation, dropped.then(() => "overlooked")]);
      await holder.query("COMMIT");
      await Promise.all([creation, dropped]);
      return end;
    });
    await dead.end().catch(() => undefined);
    expect(made).toBe("given up");
    await withClient(database.admin, async (client) => {
      const { rows } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]);
      expect(rows).toEqual([]);
    });
  } finally {
    await database.drop();
  }
});

async function waitUntilBlocked(client: Client, applicationName: string): Promise<void> {
  for (;;) {
    await client.query("SELECT pg_stat_clear_snapshot()");
    const { rows } = await client.query(
      "SELECT 1 FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'",
      [applicationName],
    );
    if (rows.length > 0) return;
    await sleep(20);
  }
}
