import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Client, connect } from "../../../src/postgres/connection.ts";
import { clearDeadDrills } from "../../../src/postgres/drill/dead-drills.ts";
import { drillSessionName, newDrillName } from "../../../src/postgres/drill/drill-names.ts";
import { markDrillDatabase } from "../../../src/postgres/drill/make-drill.ts";
import { besideName } from "../../../src/postgres/side-by-side/database-names.ts";
import { type TestDatabase, createTestDatabase, withClient } from "../../fixtures/postgres.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase({ postgis: false, createDb: true });
});
afterAll(() => database.drop());

const asRole = <T>(action: (client: Client) => Promise<T>): Promise<T> =>
  withClient({ ...database.settings, database: "postgres" }, action);

async function exists(name: string): Promise<boolean> {
  const { rows } = await asRole((client) => client.query("SELECT FROM pg_database WHERE datname = $1", [name]));
  return rows.length > 0;
}

test("names leave room for those that a restore makes beside them", () => {
  const name = newDrillName();
  for (const kind of ["restore", "previous"] as const)
    expect(besideName(name, kind, new Date(), "abcdefghij").startsWith(`${name}_${kind}_`)).toBe(true);
});

test("what a living drill has stays, and goes with all that is beside it when its session has ended", async () => {
  const [drill, unmarked] = [newDrillName(), newDrillName()];
  const beside = besideName(drill, "restore", new Date(), "deadrun1");
  const living = await connect(
    { ...database.settings, database: "postgres" },
    { applicationName: drillSessionName(drill) },
  );
  try {
    await living.query(`CREATE DATABASE ${drill}`);
    await markDrillDatabase(living, drill, new Date());
    await living.query(`CREATE DATABASE ${beside}`);
    expect(await asRole(clearDeadDrills)).toEqual([]);
  } finally {
    await living.end();
  }
  await asRole((client) => client.query(`CREATE DATABASE ${unmarked}`));
  // A program of the application's own check that outlived its drill.
  const inside = await connect({ ...database.settings, database: drill });
  try {
    expect((await dropped()).toSorted()).toEqual([drill, beside, unmarked].toSorted());
  } finally {
    await inside.end().catch(() => undefined);
  }
  expect(await exists(drill)).toBe(false);
});

test("a database that the server is still making for a dead drill is not left behind", async () => {
  const drill = newDrillName();
  const beside = besideName(drill, "restore", new Date(), "deadrun2");
  await asRole((client) => client.query(`CREATE DATABASE ${drill}`));
  const dead = await connect(
    { ...database.settings, database: "postgres" },
    { applicationName: "ngwbackup restore deadrun2" },
  );
  await withClient(database.admin, async (holder) => {
    // The server waits here with the new database, as it would for a slow disk.
    await holder.query("BEGIN; LOCK TABLE pg_catalog.pg_database IN SHARE MODE");
    const creation = dead.query(`CREATE DATABASE "${beside}"`).then(
      () => "made",
      () => "given up",
    );
    await waitUntilBlocked(holder);
    const clearing = dropped();
    expect(await Promise.race([creation, clearing.then(() => "overlooked")])).toBe("given up");
    await holder.query("COMMIT");
    expect(await clearing).toEqual([drill]);
  });
  await dead.end().catch(() => undefined);
  expect(await exists(beside)).toBe(false);
});

/** Sessions that were just ended may still be there for a moment, and count as a living drill's then. */
async function dropped(): Promise<string[]> {
  for (;;) {
    const names = await asRole(clearDeadDrills);
    if (names.length > 0) return names;
    await sleep(20);
  }
}

async function waitUntilBlocked(client: Client): Promise<void> {
  for (;;) {
    await client.query("SELECT pg_stat_clear_snapshot()");
    const { rows } = await client.query(
      "SELECT FROM pg_stat_activity WHERE application_name = 'ngwbackup restore deadrun2' AND wait_event_type = 'Lock'",
    );
    if (rows.length > 0) return;
    await sleep(20);
  }
}
