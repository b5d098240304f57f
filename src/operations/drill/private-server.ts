import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ManifestHeader } from "../../archive/manifest.ts";
import { type Cluster, startCluster } from "../../cluster/cluster.ts";
import type { Context } from "../../context.ts";
import { createError } from "../../disk-errors.ts";
import { connect } from "../../postgres/connection.ts";
import { createLikeArchive } from "../../postgres/drill/drill-database.ts";
import type { ConnectionSettings } from "../../postgres/settings.ts";
import type { DrillServer } from "./drill-server.ts";

/** Names of role and database within a drill's server. */
const drillName = "ngwbackup_drill";

/**
 * Starts a private PostgreSQL and makes an empty database in it, in the encoding of the archive.
 * @param folder an existing one, in which a folder of its own is made
 * @param header of the archive; undefined for one without a manifest
 * @throws RefusedError when no server is installed; AppError when it does not start
 */
export async function openPrivateServer(
  folder: string,
  header: ManifestHeader | undefined,
  context: Context,
): Promise<DrillServer> {
  const running = await startIn(folder, context);
  const close = (): Promise<void> => running.stop();
  try {
    // In the server's own folder: whatever happens to us, its guard, or the next drill, removes all of it.
    const own = join(running.host, "drill");
    await mkdir(own);
    const { host, port, superuser } = running;
    const base: ConnectionSettings = { host, port, env: {} };
    const admin: ConnectionSettings = { ...base, user: superuser, database: "postgres" };
    const database: ConnectionSettings = { ...base, user: drillName, database: drillName };
    return {
      database,
      admin,
      lender: { ...admin, database: drillName },
      checks: database,
      template: undefined,
      folder: own,
      notes: await makeDatabase(admin, header),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Starts the server. Once it runs, a signal does not end it: the restore first takes back what it has done, and nobody writes
 * into a folder that is being removed.
 */
async function startIn(folder: string, { env, signal }: Context): Promise<Cluster> {
  signal.throwIfAborted();
  const starting = new AbortController();
  const onAbort = (): void => starting.abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await startCluster({ folder, env, signal: starting.signal });
  } catch (error) {
    throw createError(error, join(folder, "ngwbackup-drill"));
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function makeDatabase(admin: ConnectionSettings, header: ManifestHeader | undefined): Promise<string[]> {
  const client = await connect(admin, { applicationName: "ngwbackup drill" });
  try {
    await client.query(`CREATE ROLE ${drillName} LOGIN`);
    return await createLikeArchive(client, drillName, drillName, header?.database);
  } finally {
    await client.end();
  }
}
