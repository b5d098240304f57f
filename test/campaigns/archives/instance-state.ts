import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { withClient } from "../../fixtures/postgres.ts";
import type { TestInstance } from "../../fixtures/test-instance.ts";
import { readDatabaseSettings } from "../two-states.ts";

/**
 * Everything in the folder that an instance and its configuration stand in, with sizes, the schemas of its database, the databases
 * of its role, and settings, the history of runs left out, as text: what a refused restore has to leave as it is. The content is for a fingerprint to compare.
 */
export async function instanceState(instance: TestInstance): Promise<string> {
  const { folder, database } = instance;
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .toSorted()
    // What is remembered of runs grows with each.
    .filter((name) => !name.split("/").includes(".ngwbackup"))
    .map((name) => {
      const stats = lstatSync(join(folder, name));
      return `${name} ${stats.isFile() ? stats.size : ""}`;
    });
  const names = await withClient(database.admin, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select 'schema ' || nspname as name from pg_namespace where nspname !~ '^pg_(toast_)?temp'
       union all select 'database ' || datname from pg_database where pg_get_userbyid(datdba) = $1 order by 1`,
      [database.role],
    );
    return rows.map(({ name }) => name);
  });
  return [...files, ...names, await readDatabaseSettings(instance)].join("\n");
}
