import type { Client } from "../connection.ts";
import { decodeDatabaseMarker } from "../side-by-side/database-marker.ts";
import { drillPattern, drillSessionName } from "./drill-names.ts";
import { dropDrill, listDrillDatabases } from "./drop-drill.ts";

/**
 * Drops what drills left on a server that were killed, or could not clear up. A drill is alive as long as a session carries its
 * name; what belongs to a live one stays.
 * @param client of the role that drills are made by, in another database
 * @returns names of the databases and roles that were dropped
 * @throws AppError `drop-drill` when something does not go
 */
export async function clearDeadDrills(client: Client): Promise<string[]> {
  const roles = await listDrillRoles(client);
  const drills = new Set([...(await listDrillDatabases(client)).map(({ drill }) => drill), ...roles]);
  const living = await livingSessionNames(client);
  const dropped: string[] = [];
  for (const drill of drills) {
    if (living.has(drillSessionName(drill))) continue;
    const hasRole = roles.includes(drill);
    dropped.push(...(await dropDrill(client, drill, hasRole, false)), ...(hasRole ? [drill] : []));
  }
  return [...new Set(dropped)];
}

/** Roles that were made for drills, and say so; only a superuser makes them, and only one can drop them. */
async function listDrillRoles(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string; comment: string | null }>(
    `SELECT r.rolname::text AS name, pg_catalog.shobj_description(r.oid, 'pg_authid') AS comment
       FROM pg_catalog.pg_roles r JOIN pg_catalog.pg_roles me ON me.rolname = current_user
      WHERE me.rolsuper AND r.rolname::text ~ $1`,
    [drillPattern],
  );
  return rows.filter(({ name, comment }) => decodeDatabaseMarker(comment)?.of === name).map(({ name }) => name);
}

async function livingSessionNames(client: Client): Promise<Set<string>> {
  await client.query("SELECT pg_catalog.pg_stat_clear_snapshot()");
  const { rows } = await client.query<{ name: string }>(
    "SELECT DISTINCT application_name AS name FROM pg_catalog.pg_stat_activity WHERE application_name IS NOT NULL",
  );
  return new Set(rows.map(({ name }) => name));
}
