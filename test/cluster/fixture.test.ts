import { expect, test } from "vitest";
import { createTestDatabase, withClient } from "../fixtures/postgres.ts";

test("a test database holds PostGIS, and its role owns it and PostGIS's own tables", async () => {
  const database = await createTestDatabase();
  try {
    const row = await withClient(database.settings, async (client) => {
      const result = await client.query<Record<string, unknown>>(`
        SELECT current_user AS me, rolsuper, rolcreatedb, postgis_lib_version() IS NOT NULL AS postgis,
          (SELECT array_agg(DISTINCT pg_get_userbyid(relowner)::text) FROM pg_class
            WHERE relname IN ('spatial_ref_sys', 'geometry_columns', 'geography_columns')) AS owners
        FROM pg_roles WHERE rolname = current_user`);
      return result.rows[0];
    });
    expect(row).toEqual({
      me: database.role,
      rolsuper: false,
      rolcreatedb: false,
      postgis: true,
      owners: [database.role],
    });
  } finally {
    await database.drop();
  }
});

test("dropping a test database takes the role and its other databases along", async () => {
  const database = await createTestDatabase({ postgis: false, createDb: true });
  await withClient(database.settings, (client) => client.query(`CREATE DATABASE ${database.name}_restore`));
  await database.drop();
  const other = await createTestDatabase({ postgis: false });
  try {
    const left = await withClient(other.admin, (client) =>
      client.query("SELECT 1 FROM pg_database WHERE datname LIKE $1 || '%'", [database.name]),
    );
    expect(left.rowCount).toBe(0);
  } finally {
    await other.drop();
  }
});
