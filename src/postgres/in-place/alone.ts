import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../connection.ts";
import { listSessions, sessionsError } from "../sessions.ts";
import { currentDatabase } from "../current-database.ts";

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
  const database = await currentDatabase(client);
  let others = await listSessions(client, database, ownPids);
  for (let at = 1; at < tries && others.length > 0; at++) {
    await sleep(pauseMs);
    others = await listSessions(client, database, ownPids);
  }
  if (others.length > 0) throw sessionsError(database, others);
}
