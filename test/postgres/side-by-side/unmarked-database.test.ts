import { expect, test } from "vitest";
import { besideName } from "../../../src/postgres/side-by-side/database-names.ts";
import { dropUnmarkedDatabase } from "../../../src/postgres/side-by-side/unmarked-database.ts";
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
