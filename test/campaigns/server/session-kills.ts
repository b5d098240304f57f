import { withClient } from "../../fixtures/postgres.ts";
import { terminateOneSession } from "../terminate-session.ts";
import type { Fault } from "./faults.ts";

/** Ends one session of ours, whichever. */
export const killOneSession: Fault = {
  name: "one session ended",
  async during({ instance, random }) {
    await terminateOneSession(instance.database, random);
    return undefined;
  },
};

/** Ends all sessions of ours at once. */
export const killAllSessions: Fault = {
  name: "all sessions ended",
  async during({ instance: { database } }) {
    await withClient({ ...database.admin, database: "postgres" }, (client) =>
      client.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = $1", [database.role]),
    );
    return undefined;
  },
};

/** Kills a server process of ours as the kernel does that runs out of memory: the server ends all others and recovers. */
export const killServerProcess: Fault = {
  name: "server process killed",
  async during({ instance: { database }, cluster, random }) {
    const pids = await withClient({ ...database.admin, database: "postgres" }, async (client) => {
      const { rows } = await client.query<{ pid: number }>(
        "select pid from pg_stat_activity where usename = $1 order by backend_start, pid",
        [database.role],
      );
      return rows.map(({ pid }) => pid);
    });
    if (pids.length === 0) return undefined;
    try {
      process.kill(random.oneOf(pids), "SIGKILL");
    } catch {
      // It has just ended.
    }
    return () => untilReady(cluster.host, cluster.port, cluster.superuser);
  },
};

/** Waits until the server takes connections again. */
export async function untilReady(host: string, port: number, user: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await withClient({ host, port, user, database: "postgres", env: {} }, (client) => client.query("select 1"));
      return;
    } catch (error) {
      if (attempt === 600) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
