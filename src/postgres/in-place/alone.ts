import { setTimeout as sleep } from "node:timers/promises";
import { RefusedError } from "../../errors.ts";
import type { Client } from "../connection.ts";

/** A session or prepared transaction of somebody else in the database. */
interface Other {
  pid: number | null;
  application: string;
  role: string;
  address: string | null;
  since: string | null;
  gid: string | null;
}

/** Tries before a session that is just ending counts. */
const tries = 20;
const pauseMs = 100;

/**
 * Makes sure that nobody else is connected to the database: a session's open transaction could write into what is moved
 * aside, and one with an older snapshot would see empty tables.
 * @param ownPids sessions of our own besides the client
 * @throws RefusedError naming the others
 */
export async function refuseOthers(client: Client, ownPids: readonly number[]): Promise<void> {
  let others = await listOthers(client, ownPids);
  for (let at = 1; at < tries && others.length > 0; at++) {
    await sleep(pauseMs);
    others = await listOthers(client, ownPids);
  }
  if (others.length === 0) return;
  const plural = others.length === 1 ? "1 session is" : `${others.length} sessions are`;
  throw new RefusedError("sessions-connected", `${plural} connected to the database, so the service seems to run`, {
    details: others.map(describe),
    hints: ["stop the service and end these sessions, then run the command again"],
  });
}

function describe({ pid, gid, application, role, address, since }: Other): string {
  if (pid === null) return `prepared transaction ${gid ?? ""}  ${role}  since ${since ?? "?"}`;
  return `pid ${pid}  ${application}  ${role}  ${address ?? "local"}${since === null ? "" : `  since ${since}`}`;
}

async function listOthers(client: Client, ownPids: readonly number[]): Promise<Other[]> {
  // otherwise a transaction keeps seeing what it saw first
  await client.query("SELECT pg_catalog.pg_stat_clear_snapshot()");
  const { rows } = await client.query<Other>(
    `SELECT a.pid, coalesce(a.application_name, '') AS application, coalesce(a.usename::text, '') AS role,
            pg_catalog.host(a.client_addr) AS address,
            pg_catalog.to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS UTC') AS since, NULL AS gid
       FROM pg_catalog.pg_stat_activity a
      WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid() AND a.pid <> ALL ($1::integer[])
        -- the type of another role's session is hidden from an ordinary role
        AND a.usesysid IS NOT NULL AND coalesce(a.backend_type, 'client backend') IN ('client backend', 'walsender')
        AND coalesce(a.leader_pid, 0) <> pg_catalog.pg_backend_pid()
     UNION ALL
     SELECT NULL, '', owner::text, NULL, pg_catalog.to_char(prepared AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS UTC'), gid
       FROM pg_catalog.pg_prepared_xacts WHERE database = pg_catalog.current_database()`,
    [ownPids],
  );
  return rows;
}
