import type { Client } from "./connection.ts";

/** The next step where others hold a lock that we wait for. */
export const lockHint =
  "see who holds it: SELECT * FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE mode LIKE '%Exclusive%'";

/**
 * Tables of the database that others keep from being read, or are waiting to: `public.resource: pid 4711  nextgisweb  idle in
 * transaction  AccessExclusiveLock`.
 * @param client not in a transaction that has failed
 */
export async function lockHolders(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ line: string }>(
    `SELECT pg_catalog.concat_ws('  ', pg_catalog.format('%I.%I: pid %s', n.nspname, c.relname, l.pid),
              coalesce(nullif(a.application_name, ''), a.usename), a.state, l.mode,
              CASE WHEN l.granted THEN NULL ELSE 'waits as well' END) AS line
       FROM pg_catalog.pg_locks l
       JOIN pg_catalog.pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p', 'm', 'f')
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
      WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
        AND n.nspname NOT LIKE 'pg\\_%'
        AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
      ORDER BY l.granted DESC, 1
      LIMIT 10`,
  );
  return rows.map(({ line }) => line);
}
