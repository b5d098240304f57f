import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Cluster, startCluster } from "../../../src/cluster/cluster.ts";
import { withClient } from "../../fixtures/postgres.ts";
import type { TestInstance } from "../../fixtures/test-instance.ts";

/** A streaming replica of a private server. */
export interface Replica {
  cluster: Cluster;
  /** Sets how it weighs readers against what it has to replay. */
  configure(settings: Readonly<Record<string, string>>): Promise<void>;
  /** Waits until it shows all that the primary has committed by now. */
  catchUp(): Promise<void>;
}

/** Starts a streaming replica. Whoever starts it stops its cluster, before the primary. */
export async function startReplica(primary: Cluster): Promise<Replica> {
  const cluster = await startCluster({
    env: process.env,
    signal: new AbortController().signal,
    settings: { fsync: "off", hot_standby: "on", wal_receiver_status_interval: "1" },
    standbyOf: primary,
  });
  const ask = async <T>(of: Cluster, sql: string): Promise<T> =>
    await withClient(
      { host: of.host, port: of.port, user: of.superuser, database: "postgres", env: {} },
      async (client) => {
        const { rows } = await client.query<{ answer: T }>(sql);
        return rows[0]?.answer as T;
      },
    );
  return {
    cluster,
    async configure(settings) {
      for (const [name, value] of Object.entries(settings)) await ask(cluster, `alter system set ${name} = '${value}'`);
      await ask(cluster, "select pg_reload_conf() as answer");
    },
    async catchUp() {
      const target = await ask<string>(primary, "select pg_current_wal_insert_lsn()::text as answer");
      const reached = `select pg_last_wal_replay_lsn() >= '${target}'::pg_lsn as answer`;
      // What readers hold up is waited for without end, so those must be gone.
      while (!(await ask<boolean>(cluster, reached))) await new Promise((resolve) => setTimeout(resolve, 50));
    },
  };
}

/** The configuration of an instance whose database is read from a replica. */
export async function configOnReplica(instance: TestInstance, { host, port }: Cluster): Promise<[string, string]> {
  const [flag, path] = instance.config;
  const text = await readFile(path, "utf8");
  const onReplica = join(instance.folder, "replica.ini");
  await writeFile(
    onReplica,
    text
      .replace(/^database\.host = .*$/m, `database.host = ${host}`)
      .replace(/^database\.port = .*$/m, `database.port = ${port}`),
  );
  return [flag, onReplica];
}
