import type { Client } from "./connection.ts";

/** Name of the database that a client is connected to. */
export async function currentDatabase(client: Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>("SELECT pg_catalog.current_database()::text AS name");
  return rows[0]!.name;
}
