import { setTimeout as sleep } from "node:timers/promises";
import { BusyError } from "../errors.ts";
import type { Client } from "./connection.ts";

/** The first number of all our advisory locks: "ngwb" in ASCII. */
export const operationLockClass = 0x6e677762;
/** The second one of this lock: for backup, restore and prune alike. */
const lockNumber = 1;

/** The server process of a run that was killed holds its lock for a moment longer; a run that lives, for minutes. */
const tries = 15;
const pauseMs = 200;

/**
 * Takes the lock that backup, restore and prune of one database share. It ends with the session, whatever happens to us.
 * @throws BusyError (exit 6) that names the holder
 */
export async function takeOperationLock(client: Client): Promise<void> {
  for (let attempt = 1; attempt <= tries; attempt += 1) {
    const { rows } = await client.query<{ taken: boolean }>(
      "SELECT pg_catalog.pg_try_advisory_lock($1::integer, $2::integer) AS taken",
      [operationLockClass, lockNumber],
    );
    if (rows[0]?.taken === true) return;
    if (attempt < tries) await sleep(pauseMs);
  }
  const holders = await client.query<{ holder: string }>(
    `SELECT pg_catalog.format('pid %s  %s  %s  since %s', a.pid, coalesce(nullif(a.application_name, ''), '?'),
              coalesce(pg_catalog.host(a.client_addr), 'local'),
              coalesce(pg_catalog.to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS UTC'), '?')) AS holder
       FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid)
      WHERE l.locktype = 'advisory' AND l.granted AND l.classid = $1::integer::oid AND l.objid = $2::integer::oid
        AND l.objsubid = 2 AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())`,
    [operationLockClass, lockNumber],
  );
  throw new BusyError("busy", "another backup or restore of this database is at work", {
    details: holders.rows.map(({ holder }) => holder),
    hints: ["wait until it has ended, then try again"],
  });
}

/** Gives the lock back before the session ends; without effect when it is not held. */
export async function releaseOperationLock(client: Client): Promise<void> {
  await client.query("SELECT pg_catalog.pg_advisory_unlock($1::integer, $2::integer)", [
    operationLockClass,
    lockNumber,
  ]);
}
