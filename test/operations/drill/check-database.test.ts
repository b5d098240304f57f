import { afterAll, beforeAll, expect, test } from "vitest";
import type { Manifest } from "../../../src/archive/manifest.ts";
import { checkGeometries, checkIndexes, checkRows } from "../../../src/operations/drill/check-database.ts";
import { connect } from "../../../src/postgres/connection.ts";
import { type TestDatabase, createTestDatabase, withClient } from "../../fixtures/postgres.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  await withClient(database.settings, (client) =>
    client.query("CREATE TABLE layer (id integer PRIMARY KEY, geom geometry); INSERT INTO layer VALUES (1, NULL)"),
  );
});
afterAll(() => database.drop());

const entry = (name: string): [string, object] => [name, { table: { schema: "public", name }, rows: 1 }];
const manifest = (...tables: string[]): Manifest =>
  ({ entries: new Map(tables.map((name) => entry(name))) }) as unknown as Manifest;

test("a table that is not there is a fault", async () => {
  await withClient(database.admin, async (client) => {
    expect(await checkRows(client, manifest("layer"))).toMatchObject({ state: "ok" });
    expect(await checkRows(client, manifest("layer", "gone"))).toMatchObject({ state: "bad" });
  });
});

test.each([
  ["rows", checkRows],
  ["geometries", checkGeometries],
  ["indexes", checkIndexes],
])("a server that goes away says nothing of %s", async (_, check) => {
  const client = await connect(database.admin);
  try {
    // The first statement of a check is answered, the next ones are not.
    let asked = 0;
    const pid = (await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid")).rows[0]!.pid;
    const dying = new Proxy(client, {
      get: (target, name) =>
        name === "query"
          ? async (...args: [string]) => {
              asked += 1;
              if (asked === (check === checkRows ? 1 : 2))
                await withClient(database.admin, (other) =>
                  other.query("SELECT pg_terminate_backend($1, 5000)", [pid]),
                );
              return await target.query(...args);
            }
          : Reflect.get(target, name),
    });
    await expect(check(dying, manifest("layer"))).rejects.toThrow();
  } finally {
    await client.end().catch(() => undefined);
  }
});
