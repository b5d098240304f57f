import { type Client, connect } from "../../postgres/connection.ts";
import type { ConnectionSettings } from "../../postgres/settings.ts";

const rounds = 3;
/** Hashing and sorting, as loads and index builds do; in memory, some 50 ms. */
const probeSql = `SELECT count(*) FROM (SELECT pg_catalog.md5(n::text) AS h FROM pg_catalog.generate_series(1, 60000) n ORDER BY h) s`;

/**
 * How long a server takes for a small piece of work, to compare one with another.
 * @returns milliseconds, the least of some rounds
 * @throws what `connect` throws
 */
export async function probeSpeed(settings: ConnectionSettings): Promise<number> {
  const client = await connect(settings, { applicationName: "ngwbackup drill" });
  try {
    let leastMs = Infinity;
    for (let round = 0; round < rounds; round += 1) leastMs = Math.min(leastMs, await timeOf(client));
    return leastMs;
  } finally {
    await client.end();
  }
}

async function timeOf(client: Client): Promise<number> {
  const startedMs = performance.now();
  await client.query(probeSql);
  return performance.now() - startedMs;
}
