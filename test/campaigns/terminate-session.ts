import { type TestDatabase, withClient } from "../fixtures/postgres.ts";
import type { Random } from "./random.ts";

/**
 * Ends one session of a database's role, as an administrator or the kernel's memory killer would.
 * @returns whether there was one
 */
export async function terminateOneSession(
  { admin, role }: Pick<TestDatabase, "admin" | "role">,
  random: Random,
): Promise<boolean> {
  return await withClient({ ...admin, database: "postgres" }, async (client) => {
    const { rows } = await client.query<{ pid: number }>(
      "select pid from pg_stat_activity where usename = $1 and backend_type = 'client backend' order by backend_start, pid",
      [role],
    );
    if (rows.length === 0) return false;
    await client.query("select pg_terminate_backend($1)", [random.oneOf(rows).pid]);
    return true;
  });
}
