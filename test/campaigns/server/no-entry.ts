import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withClient } from "../../fixtures/postgres.ts";
import type { Fault, Repair, Scene } from "./faults.ts";

/** When an administrator shuts the door. */
type When = "before" | "during";

/** The database takes no connections. */
export function closedDatabase(when: When): Fault {
  return at(when, "database closed", async ({ instance: { database } }) => {
    await administer(database.admin, `alter database ${database.name} allow_connections false`);
    return async () => {
      // A restore that finished has carried it over, and the previous database has it as well.
      for (const name of await ownDatabases(database.admin, database.role))
        await administer(database.admin, `alter database ${name} allow_connections true`);
    };
  });
}

/** The role may have few connections, or none. */
export function connectionLimit(when: When): Fault {
  return at(when, "connections limited", async ({ instance: { database }, random }) => {
    await administer(database.admin, `alter role ${database.role} connection limit ${random.below(4)}`);
    return () => administer(database.admin, `alter role ${database.role} connection limit -1`);
  });
}

/** `pg_hba.conf` lets the role in no more. */
export const rejectedByRules: Fault = {
  name: "rejected by pg_hba.conf",
  async during({ cluster, instance: { database } }) {
    const path = join(cluster.host, "data", "pg_hba.conf");
    const rules = await readFile(path, "utf8");
    const setRules = async (text: string): Promise<void> => {
      await writeFile(path, text);
      await administer(database.admin, "select pg_reload_conf()");
    };
    await setRules(`local all ${database.role} reject\n${rules}`);
    return async () => {
      await setRules(rules);
      for (let attempt = 1; attempt <= 300; attempt += 1) {
        try {
          await withClient(database.settings, (client) => client.query("select 1"));
          return;
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      }
    };
  },
};

function at(when: When, name: string, act: (scene: Scene) => Promise<Repair>): Fault {
  return when === "before" ? { name: `${name} before`, before: act } : { name, during: act };
}

async function administer(admin: Scene["instance"]["database"]["admin"], sql: string): Promise<void> {
  await withClient({ ...admin, database: "postgres" }, (client) => client.query(sql));
}

/** Databases of a role, by name. */
export async function ownDatabases(admin: Scene["instance"]["database"]["admin"], role: string): Promise<string[]> {
  return await withClient({ ...admin, database: "postgres" }, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      "select quote_ident(datname) as name from pg_database where pg_get_userbyid(datdba) = $1",
      [role],
    );
    return rows.map(({ name }) => name);
  });
}
