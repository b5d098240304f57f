import type { Client } from "../connection.ts";
import { type ArchiveTexts, setUpLoadSession } from "./load-session.ts";
import type { LoadStages } from "./load-stages.ts";

/** From so many tables on, waiting for files weighs more than rows do. */
const manyTables = 200;
/** Beyond it nothing is added to the jobs: each connection may take its share of the server's lock table. */
const mostConnections = 8;

/**
 * Connections that a load takes. The server waits half of the time when tables are small (it makes several files for each,
 * and syncs every new B-tree up to PostgreSQL 16), so twice as many connections as jobs keep the cores busy then. One job
 * stays one connection.
 */
export function connectionsFor(jobs: number, stages: LoadStages): number {
  if (jobs <= 1) return 1;
  return stages.tables.length < manyTables ? jobs : Math.max(jobs, Math.min(mostConnections, jobs * 2));
}

/**
 * Opens connections and sets them up for loading.
 * @param clients where each is put as soon as it is open, so that the caller can close it whatever happens
 * @param texts how those of the archive are to be read
 * @param needed so many at least; more than these are done without when the server refuses them
 */
export async function openLoadConnections(
  clients: Client[],
  connect: () => Promise<Client>,
  texts: ArchiveTexts,
  { needed, wanted }: { needed: number; wanted: number },
  signal: AbortSignal,
): Promise<void> {
  while (clients.length < wanted) {
    signal.throwIfAborted();
    let client: Client;
    try {
      client = await connect();
    } catch (error) {
      if (clients.length < needed) throw error;
      return;
    }
    clients.push(client);
    await setUpLoadSession(client, texts);
    // Nobody sees what is loaded before a later commit, the switch, is durable, and so is all the log before it.
    await client.query("SET synchronous_commit = off");
  }
}
