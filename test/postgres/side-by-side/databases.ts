import { postgisTemplate } from "../../fixtures/test-cluster.ts";
import { createTestDatabase, type TestDatabase, withClient } from "../../fixtures/postgres.ts";

/** An instance whose role has CREATEDB and a template of its own, as `check` tells an administrator to make it. */
export async function createReadyDatabase(options: { template?: boolean } = {}): Promise<TestDatabase> {
  const database = await createTestDatabase({ createDb: true });
  if (options.template === false) return database;
  const { role, admin } = database;
  const template = `${database.name}_template`;
  await withClient({ ...admin, database: "postgres" }, (client) =>
    client.query(`CREATE DATABASE ${template} OWNER ${role} TEMPLATE ${postgisTemplate}`),
  );
  await withClient({ ...admin, database: template }, (client) =>
    client.query(
      `ALTER TABLE spatial_ref_sys OWNER TO ${role}; ALTER VIEW geometry_columns OWNER TO ${role};
       ALTER VIEW geography_columns OWNER TO ${role}`,
    ),
  );
  return database;
}

/** Names of all databases of the server that begin with a name. */
export async function databasesOf(database: TestDatabase): Promise<string[]> {
  return await withClient({ ...database.admin, database: "postgres" }, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      "SELECT datname::text AS name FROM pg_database WHERE starts_with(datname::text, $1) ORDER BY 1",
      [database.name.slice(0, 17)],
    );
    return rows.map(({ name }) => name).filter((name) => name !== `${database.name}_template`);
  });
}
