import { type TestDatabase, withClient } from "../../fixtures/postgres.ts";
import type { ProgramEnd } from "../../fixtures/run-program.ts";
import type { Fault } from "./faults.ts";
import { ownDatabases } from "./no-entry.ts";

/** Settings that end sessions and statements; as long as the setting up of a session may take on a slow machine. */
const values: Readonly<Record<string, string>> = {
  idle_in_transaction_session_timeout: "400ms",
  idle_session_timeout: "400ms",
  lock_timeout: "400ms",
  transaction_timeout: "400ms",
};

/** An administrator has set timeouts for the role, or for the database: ours is the longer run. */
export function timeouts(owner: "role" | "database"): Fault {
  return {
    name: `timeouts of the ${owner}`,
    async before({ instance: { database } }) {
      const names = await knownNames(database);
      const subject = owner === "role" ? `role ${database.role}` : `database ${database.name}`;
      await administer(database, [
        ...names.map((name) => `alter ${subject} set ${name} = '${values[name] ?? ""}'`),
        `alter role ${database.role} in database ${database.name} set statement_timeout = '800ms'`,
      ]);
      return async () => {
        for (const name of await ownDatabases(database.admin, database.role)) {
          if (name === `${database.name}_template`) continue;
          await administer(database, [
            ...names.map((setting) => `alter ${owner === "role" ? subject : `database ${name}`} reset ${setting}`),
            // As it was before.
            `alter role ${database.role} in database ${name} set statement_timeout = '17min'`,
          ]);
        }
      };
    },
    exitCodes: [0],
    refute: ({ exitCode }: ProgramEnd) => (exitCode === 0 ? undefined : "timeouts of others do not count for us"),
  };
}

async function administer(database: TestDatabase, statements: readonly string[]): Promise<void> {
  await withClient({ ...database.admin, database: "postgres" }, async (client) => {
    for (const statement of statements) await client.query(statement);
  });
}

async function knownNames(database: TestDatabase): Promise<string[]> {
  return await withClient({ ...database.admin, database: "postgres" }, async (client) => {
    const { rows } = await client.query<{ name: string }>("select name from pg_settings where name = any($1)", [
      Object.keys(values),
    ]);
    return rows.map(({ name }) => name);
  });
}
