import { RefusedError } from "../errors.ts";
import type { Client } from "./connection.ts";

/** A session, or a prepared transaction, that keeps a database in use. */
export interface DatabaseSession {
  /** Undefined for a prepared transaction, which needs no session. */
  pid: number | undefined;
  application: string;
  role: string;
  /** Undefined for a Unix socket, or when it is hidden from us. */
  address: string | undefined;
  state: string | undefined;
  /** `2026-11-23 10:02:11 UTC`; undefined when it is hidden from us. */
  since: string | undefined;
  isSuperuser: boolean;
  /** Whether our role may end it: it is of our role, or of one that we are a member of, or we are `pg_signal_backend`. */
  mayTerminate: boolean;
}

interface SessionRow {
  pid: number | null;
  application: string;
  role: string;
  address: string | null;
  state: string | null;
  since: string | null;
  superuser: boolean;
  terminable: boolean;
}

// autovacuum and parallel workers have no role or a leader: the first gives way by itself, the others end with theirs
const sessionsSql = `
SELECT a.pid, coalesce(a.application_name, '') AS application, coalesce(a.usename::text, '?') AS role,
       pg_catalog.host(a.client_addr) AS address, a.state,
       pg_catalog.to_char(coalesce(a.state_change, a.backend_start) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"') AS since,
       coalesce(r.rolsuper, true) AS superuser,
       coalesce(me.rolsuper OR (NOT r.rolsuper AND (pg_catalog.pg_has_role(a.usesysid, 'USAGE')
         OR pg_catalog.pg_has_role('pg_signal_backend', 'USAGE'))), false) AS terminable
  FROM pg_catalog.pg_stat_activity a
  LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
  JOIN pg_catalog.pg_roles me ON me.rolname = current_user
 WHERE a.datname = $1 AND a.pid <> pg_catalog.pg_backend_pid() AND a.pid <> ALL ($2::integer[])
   AND a.usesysid IS NOT NULL AND coalesce(a.backend_type, 'client backend') IN ('client backend', 'walsender')
UNION ALL
SELECT NULL, 'prepared transaction ' || gid, owner::text, NULL, 'prepared',
       pg_catalog.to_char(prepared AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'), false, false
  FROM pg_catalog.pg_prepared_xacts WHERE database = $1
 ORDER BY 1`;

/**
 * Sessions of clients that are connected to a database, without the asking one, and prepared transactions in it.
 * @param client connected to any database of the server
 * @param ownPids sessions of ours that do not count
 */
export async function listSessions(
  client: Client,
  database: string,
  ownPids: readonly number[] = [],
): Promise<DatabaseSession[]> {
  // within a transaction the statistics would stay as they were first seen
  await client.query("SELECT pg_catalog.pg_stat_clear_snapshot()");
  const { rows } = await client.query<SessionRow>(sessionsSql, [database, ownPids]);
  return rows.map((row) => ({
    pid: row.pid ?? undefined,
    application: row.application,
    role: row.role,
    address: row.address ?? undefined,
    state: row.state ?? undefined,
    since: row.since ?? undefined,
    isSuperuser: row.superuser,
    mayTerminate: row.terminable,
  }));
}

/** `pid 4711  nextgisweb  127.0.0.1  idle since 2026-11-23 10:02:11 UTC`, with the role where no application is named. */
export function describeSession(session: DatabaseSession): string {
  const { pid, application, role, address, state, since } = session;
  const who = application === "" ? `role ${role}` : application;
  const when = since === undefined ? "" : `${state ?? "connected"} since ${since}`;
  if (pid === undefined) return `${who}  role ${role}  ${when}`;
  const whose = session.isSuperuser ? `superuser ${role}` : undefined;
  return [`pid ${pid}`, who, whose, address ?? "local", when]
    .filter((part) => part !== undefined && part !== "")
    .join("  ");
}

/** The refusal that names sessions in the way. */
export function sessionsError(database: string, sessions: readonly DatabaseSession[]): RefusedError {
  return new RefusedError("sessions-connected", sessionsMessage(database, sessions.length), {
    details: sessions.map(describeSession),
    hints: [stopHint],
  });
}

/** `2 sessions are connected to database ngw, so the service seems to run`. */
export function sessionsMessage(database: string, count: number): string {
  const subject = count === 1 ? "1 session is" : `${count} sessions are`;
  return `${subject} connected to database ${database}, so the service seems to run`;
}

/** The next step that sessions in the way ask for. */
export const stopHint = "stop it first: systemctl stop ngw.service";
