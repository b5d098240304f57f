import { quoteIdentifier } from "../quoting.ts";
import { endRunSessions } from "./end-run-sessions.ts";
import { type BesideSettings, instanceDatabase, withAnyDatabase, withElsewhere } from "./elsewhere.ts";

/**
 * Drops the database of a run that died between making it and marking it. Only one that has the name of that very run, the
 * owner of the instance's database, and no comment counts. What the server still does for that run is ended first.
 * @param runId of a run that is known to be dead, by its work folder
 * @returns its name; undefined when there is none
 */
export async function dropUnmarkedDatabase(options: BesideSettings, runId: string): Promise<string | undefined> {
  if (!/^[a-z0-9]{4,20}$/.test(runId)) return undefined;
  const name = await withAnyDatabase(options, async (client) => {
    await endRunSessions(client, runId);
    const { rows } = await client.query<{ name: string }>(
      `SELECT d.datname AS name FROM pg_catalog.pg_database d
        WHERE d.datname ~ ('_restore_[0-9]{14}_' || $1::text || '$') AND pg_catalog.shobj_description(d.oid, 'pg_database') IS NULL
          AND d.datdba = (SELECT datdba FROM pg_catalog.pg_database WHERE datname = $2)`,
      [runId, instanceDatabase(options)],
    );
    return rows[0]?.name;
  });
  if (name === undefined) return undefined;
  await withElsewhere(options, (client) => client.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(name)}`));
  return name;
}
