import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "../../src/postgres/connection.ts";
import type { ConnectionSettings } from "../../src/postgres/settings.ts";

/** A client that asks the same simple question again and again. */
export interface Probe {
  /** Lets it end its query and returns what each query took, in milliseconds. */
  stop(): Promise<number[]>;
}

/** Pause between the beginnings of two queries: 200 a second, a small load. */
const intervalMs = 5;

/**
 * Connects a client that looks for one feature by its id, 200 times a second.
 * @param table quoted name of a table with ids from 1
 * @param rows how many ids there are
 */
export async function startProbe(settings: ConnectionSettings, table: string, rows: number): Promise<Probe> {
  const client = await connect(settings, { applicationName: "ngwbackup bench probe" });
  const latenciesMs: number[] = [];
  const stopped = new AbortController();
  const probing = (async () => {
    let nextMs = performance.now();
    for (let round = 0; !stopped.signal.aborted; round += 1) {
      // A prime steps through all ids in no order that caches would like.
      const id = ((round * 7919) % rows) + 1;
      const startedMs = performance.now();
      const found = await client.query({ name: "probe", text: `select * from ${table} where id = $1`, values: [id] });
      latenciesMs.push(performance.now() - startedMs);
      if (found.rowCount !== 1) throw new Error(`${table} has no feature ${id}`);
      nextMs += intervalMs;
      // One that took longer is followed at once.
      await sleep(Math.max(0, nextMs - performance.now()));
    }
  })();
  // Its failure is told by stop().
  probing.catch(() => {});
  return {
    async stop() {
      stopped.abort();
      try {
        await probing;
      } finally {
        await client.end();
      }
      return latenciesMs;
    },
  };
}
