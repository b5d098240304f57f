import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import {
  clearLeftovers,
  findLeftovers,
  findPrevious,
  undoSideBySide,
} from "../../../src/postgres/side-by-side/kept-databases.ts";
import { dumpToFolder, openDumpFolder } from "../../fixtures/dump-folder-source.ts";
import { createTestDatabase, type TestDatabase, withClient } from "../../fixtures/postgres.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { createReadyDatabase, databasesOf } from "./databases.ts";
import { besideOptions, fingerprintDatabase } from "./helpers.ts";

test("killed at any moment, the old or the new database is in place, whole", { timeout: 300_000 }, async () => {
  const [from, database] = [await createTestDatabase(), await createReadyDatabase()];
  try {
    await withClient(from.settings, (client) =>
      client.query(
        "CREATE TABLE fresh (id serial PRIMARY KEY, n text); INSERT INTO fresh (n) SELECT 'x' || g FROM generate_series(1, 5000) g",
      ),
    );
    await withClient(database.settings, (client) => client.query("CREATE TABLE live AS SELECT 1 AS one"));
    const [before, after] = [await fingerprintDatabase(database.settings), await fingerprintDatabase(from.settings)];
    const dump = await dumpToFolder(from.settings, `${await tempFolder()}/dump`);
    const options = besideOptions(database.settings, await openDumpFolder(dump));
    const whole = await runAndKill(database, dump, "start", undefined);
    expect(await fingerprintDatabase(database.settings)).toEqual(after);
    await undoSideBySide(options);
    let switched = 0;
    for (let at = 0; at < 14; at++) {
      // half of them in the switch itself, which is short
      if (at % 2 === 0) await runAndKill(database, dump, "start", (whole * (at + Math.random())) / 14);
      else await runAndKill(database, dump, "switch", Math.random() * 120);
      await sessionsGone(database);
      const kept = await findPrevious(options);
      const state = await fingerprintDatabase(database.settings);
      expect(state).toEqual(kept.length > 0 ? after : before);
      if (kept.length > 0) {
        switched++;
        await undoSideBySide(options);
        expect(await fingerprintDatabase(database.settings)).toEqual(before);
      }
      await clearLeftovers(options);
      expect(await findLeftovers(options)).toEqual([]);
      await dropUnmarked(database);
      expect(await databasesOf(database)).toEqual([database.name]);
    }
    expect(switched).toBeLessThan(14);
  } finally {
    await from.drop();
    await database.drop();
  }
});

/** Kills the child some time after its start, or after it has begun to switch; resolves to the time it ran. */
async function runAndKill(
  database: TestDatabase,
  dump: string,
  since: "start" | "switch",
  afterMs: number | undefined,
): Promise<number> {
  const { host, port, database: name, user } = database.settings;
  const script = join(import.meta.dirname, "child-switch.ts");
  const started = performance.now();
  const child = spawn(process.execPath, [script, JSON.stringify({ host, port, database: name, user }), dump], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let messages = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (messages += text));
  const kill = (): void => void setTimeout(() => child.kill("SIGKILL"), afterMs);
  if (afterMs !== undefined && since === "start") kill();
  child.stdout.on("data", () => {
    if (afterMs !== undefined && since === "switch") kill();
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  if (code !== 0 && code !== null) throw new Error(`the restore failed: ${messages}`);
  return performance.now() - started;
}

/** Sessions of the dead end within a second or so; a statement under way in another database as well. */
async function sessionsGone(database: TestDatabase): Promise<void> {
  for (;;) {
    const { rows } = await withClient({ ...database.admin, database: "postgres" }, (client) =>
      client.query("SELECT FROM pg_stat_activity WHERE usename = $1", [database.role]),
    );
    if (rows.length === 0) return;
    await sleep(50);
  }
}

/** A kill between creation and mark leaves an empty database, which a preflight names and nobody drops on suspicion. */
async function dropUnmarked(database: TestDatabase): Promise<void> {
  for (const name of await databasesOf(database)) {
    if (name === database.name) continue;
    await withClient({ ...database.admin, database: name }, async (client) => {
      expect(
        (
          await client.query(
            "SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = $1",
            [name],
          )
        ).rows,
      ).toEqual([{ comment: null }]);
      expect((await client.query("SELECT FROM pg_class WHERE relname = 'fresh'")).rows).toEqual([]);
    });
    await withClient({ ...database.admin, database: "postgres" }, (client) => client.query(`DROP DATABASE ${name}`));
  }
}
