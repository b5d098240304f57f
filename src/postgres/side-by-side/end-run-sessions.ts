import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../../errors.ts";
import type { Client } from "../connection.ts";

/** The name that the session of a run carries, so that the next command finds it. */
export function runSessionName(runId: string): string {
  return `ngwbackup restore ${runId}`;
}

/** Longer than a server takes to give up a CREATE DATABASE. */
const patienceMs = 15_000;

/**
 * Ends the sessions that a run has left on the server and waits until they are gone. A server goes on with CREATE DATABASE
 * when its client is lost: until then nobody can tell whether there will be a database to drop.
 * @param client of the same role, connected to any database of the server
 * @throws AppError `session-stays` when one does not go, or may not be ended
 */
export async function endRunSessions(client: Client, runId: string): Promise<void> {
  const until = performance.now() + patienceMs;
  for (;;) {
    await client.query("SELECT pg_catalog.pg_stat_clear_snapshot()");
    const { rows } = await client.query<{ pid: number }>(
      `SELECT pid, pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
        WHERE application_name = $1 AND pid <> pg_catalog.pg_backend_pid() AND usename = current_user`,
      [runSessionName(runId)],
    );
    if (rows.length === 0) return;
    if (performance.now() > until) {
      throw new AppError("session-stays", `server process ${rows[0]!.pid} of restore ${runId} does not end`, {
        hints: ["run ngwbackup check once it has ended"],
      });
    }
    await sleep(50);
  }
}
