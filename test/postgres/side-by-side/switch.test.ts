import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Client } from "../../../src/postgres/connection.ts";
import type { DumpSource } from "../../../src/postgres/load/dump-source.ts";
import {
  clearLeftovers,
  dropPrevious,
  findLeftovers,
  findPrevious,
  hasSwitched,
  undoSideBySide,
} from "../../../src/postgres/side-by-side/kept-databases.ts";
import { createSideBySideRestore } from "../../../src/postgres/side-by-side/side-by-side-restore.ts";
import type { ProgressEvent } from "../../../src/progress.ts";
import { dumpToFolder, openDumpFolder } from "../../fixtures/dump-folder-source.ts";
import { createTestDatabase, type TestDatabase, withClient } from "../../fixtures/postgres.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";
import { createReadyDatabase, databasesOf } from "./databases.ts";
import { besideOptions, restoreBeside } from "./helpers.ts";

let database: TestDatabase;
let source: DumpSource;

beforeEach(async () => {
  database = await createReadyDatabase();
  const from = await createTestDatabase();
  await withClient(from.settings, (client) =>
    client.query("CREATE TABLE state AS SELECT 'new' AS name; SELECT lo_from_bytea(4711, 'large')"),
  );
  source = await openDumpFolder(await dumpToFolder(from.settings, `${await tempFolder()}/dump`));
  await from.drop();
  await withClient(database.settings, (client) => client.query("CREATE TABLE state AS SELECT 'old' AS name"));
});

afterEach(() => database.drop());

async function state(): Promise<unknown> {
  return await withClient(
    database.settings,
    async (client) => (await client.query("SELECT name FROM state")).rows[0].name,
  );
}

test("properties of the database follow to the new one, and come back with an undo", async () => {
  const { name, role, admin, settings } = database;
  await withClient(admin, (client) =>
    client.query(`
      ALTER DATABASE ${name} SET search_path = public, "odd, name";
      ALTER DATABASE ${name} SET work_mem = '7MB';
      ALTER ROLE ${role} IN DATABASE ${name} SET application_name = 'it''s \\ odd';
      ALTER DATABASE ${name} CONNECTION LIMIT 77;
      COMMENT ON DATABASE ${name} IS 'our ''dear'' instance';
      REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC;
      GRANT CONNECT ON DATABASE ${name} TO pg_monitor WITH GRANT OPTION`),
  );
  const read = async (): Promise<unknown> =>
    await withClient(admin, async (client) => {
      const { rows } = await client.query(
        `SELECT datconnlimit, datacl::text[], pg_get_userbyid(datdba) AS owner, shobj_description(d.oid, 'pg_database') AS comment,
                (SELECT jsonb_agg(s.setconfig ORDER BY setrole) FROM pg_db_role_setting s WHERE setdatabase = d.oid) AS settings
           FROM pg_database d WHERE datname = $1`,
        [name],
      );
      rows[0].datacl.sort();
      return rows[0];
    });
  const before = await read();
  const options = besideOptions(settings, source);
  await restoreBeside(options);
  expect(await state()).toBe("new");
  expect(await read()).toEqual(before);
  const large = await withClient(settings, (client) =>
    client.query("SELECT convert_from(lo_get(4711), 'UTF8') AS text"),
  );
  expect(large.rows).toEqual([{ text: "large" }]);
  await undoSideBySide(options);
  expect(await state()).toBe("old");
  expect(await read()).toEqual(before);
});

test("settings of another role cannot follow, and are named", async () => {
  await withClient(database.admin, (client) =>
    client.query(`ALTER ROLE ${database.admin.user} IN DATABASE ${database.name} SET work_mem = '9MB'`),
  );
  const events: ProgressEvent[] = [];
  await restoreBeside(
    besideOptions(database.settings, source, { reporter: { report: (event) => void events.push(event) } }),
  );
  expect(events).toContainEqual(
    expect.objectContaining({
      type: "warning",
      code: "properties-lost",
      details: [expect.stringContaining("work_mem")],
    }),
  );
});

test("a session in the way stops the switch, is named, and lives on", async () => {
  const options = besideOptions(database.settings, source);
  await withClient(database.settings, async (client) => {
    await client.query("SET application_name = 'the service'");
    await expect(restoreBeside(options)).rejects.toMatchObject({
      exitCode: 4,
      details: [expect.stringContaining("the service")],
    });
    expect((await client.query("SELECT name FROM state")).rows).toEqual([{ name: "old" }]);
  });
  expect(await databasesOf(database)).toEqual([database.name]);
});

test("a session that comes between check and switch stops it", async () => {
  const restore = createSideBySideRestore(
    besideOptions(database.settings, source, {
      releaseLock: async () => {
        await intruder.connect();
      },
    }),
  );
  const { host, port, user, database: name } = database.settings;
  const intruder = new pg.Client({ host, port, user, database: name, application_name: "intruder" });
  intruder.on("error", () => undefined);
  await restore.prepare();
  await expect(restore.switchOver(() => Promise.resolve())).rejects.toMatchObject({
    details: [expect.stringContaining("intruder")],
  });
  await restore.discard();
  await intruder.end();
  expect(await state()).toBe("old");
  expect(await databasesOf(database)).toEqual([database.name]);
});

test("a superuser's session is never ended", async () => {
  const options = besideOptions(database.settings, source, { terminateSessions: true });
  await withClient(database.admin, async (client) => {
    await expect(restoreBeside(options)).rejects.toMatchObject({ details: [expect.stringContaining("superuser")] });
    await client.query("SELECT 1");
  });
  expect(await state()).toBe("old");
});

test("clients that keep connecting are kept out when that is asked for, and find the new state", async () => {
  const seen: string[] = [];
  let stop = false;
  const client = async (): Promise<void> => {
    while (!stop) {
      try {
        await withClient(database.settings, async (session) => {
          session.on("error", () => undefined);
          for (let n = 0; n < 3; n++) seen.push(String((await session.query("SELECT name FROM state")).rows[0].name));
          await sleep(2);
        });
      } catch {
        // ended, or no such database for a moment
      }
    }
  };
  const clients = [client(), client(), client(), client()];
  try {
    let seenAtSwitch = -1;
    const restore = createSideBySideRestore(besideOptions(database.settings, source, { terminateSessions: true }));
    await restore.prepare();
    await restore.switchOver(async () => {
      seenAtSwitch = seen.length;
      await sleep(300);
      expect(seen.length).toBe(seenAtSwitch);
    });
    while (!seen.includes("new")) await sleep(10);
    expect(seen.slice(0, seenAtSwitch)).not.toContain("new");
    expect(seen.slice(seenAtSwitch)).not.toContain("old");
  } finally {
    stop = true;
    await Promise.all(clients);
  }
});

test("what fails before the commit leaves everything as it was", async () => {
  const restore = createSideBySideRestore(besideOptions(database.settings, source));
  await restore.prepare();
  await expect(restore.switchOver(() => Promise.reject(new Error("no room for the files")))).rejects.toThrow("no room");
  expect(await state()).toBe("old");
  expect(await hasSwitched(besideOptions(database.settings, source), restore.runId)).toBe(false);
  await restore.discard();
  await restore.discard();
  expect(await databasesOf(database)).toEqual([database.name]);
});

test("fix-ups that fail after the load leave everything as it was", async () => {
  const afterLoad = (): Promise<void> => Promise.reject(new Error("fix-up failed"));
  await expect(restoreBeside(besideOptions(database.settings, source, { afterLoad }))).rejects.toThrow("fix-up failed");
  expect(await databasesOf(database)).toEqual([database.name]);
});

test("an abort ends a long fix-up at once and leaves everything as it was", async () => {
  const controller = new AbortController();
  const reason = new Error("interrupted");
  const afterLoad = async (client: Client): Promise<void> => {
    setTimeout(() => controller.abort(reason), 100);
    await client.query("SELECT pg_sleep(300)");
  };
  const options = besideOptions(database.settings, source, { afterLoad, signal: controller.signal });
  await expect(restoreBeside(options)).rejects.toBe(reason);
  expect(await databasesOf(database)).toEqual([database.name]);
});

test("leftovers are those of dead runs alone", async () => {
  const options = besideOptions(database.settings, source);
  const living = createSideBySideRestore(options);
  await living.prepare();
  expect(await findLeftovers(options)).toEqual([]);
  // what stays when the process dies: its database, and no session
  await withClient({ ...database.admin, database: "postgres" }, (client) =>
    client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", [
      `ngwbackup restore ${living.runId}`,
    ]),
  );
  while ((await findLeftovers(options)).length === 0) await sleep(20);
  expect(await clearLeftovers(options)).toEqual([expect.stringContaining(living.runId)]);
  expect(await databasesOf(database)).toEqual([database.name]);
  await living.discard();
});

test("another role's database is never taken for ours", async () => {
  const other = await createTestDatabase();
  try {
    const marker = { kind: "previous", runId: "evil00", of: database.name, createdAt: new Date().toISOString() };
    await withClient(other.settings, (client) =>
      client.query(
        `COMMENT ON DATABASE ${other.name} IS ${client.escapeLiteral(`ngwbackup: ${JSON.stringify(marker)}`)}`,
      ),
    );
    expect(await findPrevious({ settings: database.settings })).toEqual([]);
  } finally {
    await other.drop();
  }
});

test("previous databases are dropped by the next restore, by age, and at once", async () => {
  const options = besideOptions(database.settings, source);
  await restoreBeside(options);
  const second = await restoreBeside({ ...options, keepUntil: new Date(Date.now() + 60_000) });
  expect((await findPrevious(options)).map(({ runId }) => runId)).toEqual([second]);
  expect(await dropPrevious(options, { expiredAt: new Date() })).toEqual([]);
  expect(await dropPrevious(options, { expiredAt: new Date(Date.now() + 120_000) })).toHaveLength(1);
  await restoreBeside({ ...options, keepUntil: false });
  expect(await databasesOf(database)).toEqual([database.name]);
  await expect(undoSideBySide(options)).rejects.toMatchObject({ code: "nothing-to-undo" });
});

test("a previous database whose dropping has begun is none to go back to, and is dropped later", async () => {
  const options = besideOptions(database.settings, source);
  await restoreBeside(options);
  const [kept] = await findPrevious(options);
  await withClient({ ...database.admin, database: kept!.name }, async () => {
    await expect(dropPrevious(options)).rejects.toMatchObject({ code: "drop-database" });
    expect(await findPrevious(options)).toEqual([]);
    await expect(undoSideBySide(options)).rejects.toMatchObject({ code: "nothing-to-undo" });
  });
  expect(await state()).toBe("new");
  expect(await clearLeftovers(options)).toEqual([kept!.name]);
  expect(await databasesOf(database)).toEqual([database.name]);
});
