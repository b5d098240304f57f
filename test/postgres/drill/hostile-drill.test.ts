import { afterAll, beforeAll, expect, test } from "vitest";
import { clearDeadDrills } from "../../../src/postgres/drill/dead-drills.ts";
import { newDrillName } from "../../../src/postgres/drill/drill-names.ts";
import { dropDrill } from "../../../src/postgres/drill/drop-drill.ts";
import { createDrillRole, markDrillDatabase } from "../../../src/postgres/drill/make-drill.ts";
import { type TestDatabase, createTestDatabase, withClient } from "../../fixtures/postgres.ts";

let superuser: TestDatabase;
let plain: TestDatabase;

beforeAll(async () => {
  superuser = await createTestDatabase({ postgis: false, superuser: true });
  plain = await createTestDatabase({ postgis: false, createDb: true });
});
afterAll(async () => {
  await superuser.drop();
  await plain.drop();
});

/** What functions of an archive can do to the database that they are loaded into, to stay on the server. */
const tricks = ["COMMENT ON DATABASE %I IS 'mine'", "ALTER DATABASE %I IS_TEMPLATE true"];

const statement = (trick: string): string =>
  `DO $do$ BEGIN EXECUTE format($sql$${trick}$sql$, current_database()); END $do$`;

/** A drill of a superuser's, whose archive has done all of it. */
async function hostileDrill(): Promise<string> {
  const drill = newDrillName();
  await withClient({ ...superuser.settings, database: "postgres" }, async (client) => {
    await createDrillRole(client, drill, "password", new Date());
    await client.query(`CREATE DATABASE ${drill} OWNER ${drill}`);
    await markDrillDatabase(client, drill, new Date());
  });
  await withClient({ ...superuser.settings, database: drill }, async (client) => {
    await client.query(`SET SESSION AUTHORIZATION ${drill}`);
    for (const trick of tricks) await client.query(statement(trick));
  });
  return drill;
}

test("a superuser's drill goes whatever its archive says of the database, also when it is dead", async () => {
  await withClient({ ...superuser.settings, database: "postgres" }, async (client) => {
    const own = await hostileDrill();
    expect(await dropDrill(client, own, true, true)).toEqual([own]);
    const dead = await hostileDrill();
    // As the next drill does with what it finds; it would find those of other tests, too.
    expect(await dropDrill(client, dead, true, false)).toEqual([dead]);
  });
});

test("a drill of another role's goes likewise; a dead one's database with a foreign comment may be somebody's", async () => {
  const drill = newDrillName();
  await withClient({ ...plain.settings, database: "postgres" }, async (client) => {
    await client.query(`CREATE DATABASE ${drill}`);
    await withClient({ ...plain.settings, database: drill }, async (inside) => {
      for (const trick of tricks) await inside.query(statement(trick));
    });
    expect(await clearDeadDrills(client)).toEqual([]);
    expect(await dropDrill(client, drill, false, true)).toEqual([drill]);
  });
});
