import { setTimeout as sleep } from "node:timers/promises";
import { AppError, messageOf } from "../../errors.ts";
import { type Client } from "../connection.ts";
import { sqlState } from "../connection-errors.ts";
import { quoteIdentifier } from "../quoting.ts";
import { drillDatabasePattern } from "./drill-names.ts";
import { decodeDatabaseMarker } from "../side-by-side/database-marker.ts";

/** Longer than a server takes to end a session, or to give up a CREATE DATABASE. */
const patienceMs = 15_000;

/** A database that a drill made. */
export interface DrillDatabase {
  /** The drill's own name. */
  drill: string;
  name: string;
}

/**
 * Databases of drills that are ours to drop: by their name, by their owner (this role, or the drill's own role where we are a
 * superuser), and by their marker, which may only be missing where a run died between making and marking one. Where the owner is a
 * drill's own role the mark of that counts as well: what an archive brings can write another comment, but not that.
 * @param client in any database of the server
 * @param own a drill that made all of its databases itself, whatever their comments say now
 */
export async function listDrillDatabases(client: Client, own?: string): Promise<DrillDatabase[]> {
  const { rows } = await client.query<DrillDatabase & { comment: string | null; ofOwner: string | null }>(
    `SELECT d.datname::text AS name, pg_catalog.substring(d.datname::text, $1) AS drill,
            pg_catalog.shobj_description(d.oid, 'pg_database') AS comment,
            pg_catalog.shobj_description(d.datdba, 'pg_authid') AS "ofOwner"
       FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles me ON me.rolname = current_user
      WHERE d.datname::text ~ $1
        AND (d.datdba = me.oid
          OR me.rolsuper AND pg_catalog.pg_get_userbyid(d.datdba)::text = pg_catalog.substring(d.datname::text, $1))`,
    [drillDatabasePattern],
  );
  return rows.filter(
    ({ drill, comment, ofOwner }) =>
      comment === null || drill === own || [comment, ofOwner].some((mark) => decodeDatabaseMarker(mark)?.of === drill),
  );
}

/**
 * Drops everything that a drill made on a server: its databases, and its role where it has one. Sessions in them are ended.
 * @param client of the role that made them, in another database
 * @param drill name of a drill that is over: ours, or a dead one's
 * @param hasRole whether a role of that name was made for it
 * @param isOurs whether this run made it, so that comments need not say so
 * @returns names of the databases that were dropped
 * @throws AppError `drop-drill` when something does not go
 */
export async function dropDrill(client: Client, drill: string, hasRole: boolean, isOurs: boolean): Promise<string[]> {
  await endCreation(client, drill);
  const databases = (await listDrillDatabases(client, isOurs ? drill : undefined)).filter((one) => one.drill === drill);
  try {
    for (const { name } of databases) await dropWithSessions(client, name);
    if (hasRole) await client.query(`DROP ROLE IF EXISTS ${quoteIdentifier(drill)}`);
  } catch (error) {
    throw new AppError("drop-drill", `cannot drop what drill ${drill} made on its server: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return databases.map(({ name }) => name);
}

/** A server goes on with CREATE DATABASE when its client is lost: what it makes would come to light after we have looked. */
async function endCreation(client: Client, drill: string): Promise<void> {
  const until = performance.now() + patienceMs;
  for (;;) {
    await client.query("SELECT pg_catalog.pg_stat_clear_snapshot()");
    const { rows } = await client.query(
      `SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
        WHERE pg_catalog.starts_with(application_name, 'ngwbackup restore ') AND usename = current_user
          AND state = 'active' AND pg_catalog.starts_with(query, $1) AND pid <> pg_catalog.pg_backend_pid()`,
      [`CREATE DATABASE "${drill}_`],
    );
    if (rows.length === 0 || performance.now() > until) return;
    await sleep(50);
  }
}

/** The database is a drill's own, so whoever is connected came by the drill. */
async function dropWithSessions(client: Client, name: string): Promise<void> {
  const until = performance.now() + patienceMs;
  const { rows } = await client.query("SELECT FROM pg_catalog.pg_database WHERE datname = $1 AND datistemplate", [
    name,
  ]);
  // What an archive brings can do that, and the server drops no template.
  if (rows.length > 0) await client.query(`ALTER DATABASE ${quoteIdentifier(name)} IS_TEMPLATE false`);
  for (;;) {
    await client.query(
      "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE datname = $1 AND usename IS NOT NULL",
      [name],
    );
    try {
      await client.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(name)}`);
      return;
    } catch (error) {
      if (sqlState(error) !== "55006" || performance.now() > until) throw error;
    }
    await sleep(50);
  }
}
