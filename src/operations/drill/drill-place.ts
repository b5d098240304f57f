import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ManifestHeader } from "../../archive/manifest.ts";
import { type Cluster, startCluster } from "../../cluster/cluster.ts";
import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import { createError } from "../../disk-errors.ts";
import { type Client, connect } from "../../postgres/connection.ts";
import { quoteIdentifier, quoteLiteral } from "../../postgres/quoting.ts";
import type { ConnectionSettings } from "../../postgres/settings.ts";

/** Where a drill restores to: an empty database of a private server, and an empty folder. */
export interface DrillPlace {
  /** The configuration with the drill's own database and folders, as a restore takes it. */
  settings: Settings;
  /** A configuration file that says the same, for the application's own check. */
  configPath: string;
  blobFolder: string;
  /** The server's superuser, in the drill's database. */
  admin: ConnectionSettings;
  /** What differs from the archive's own surroundings, so that people know. */
  notes: readonly string[];
  /** Ends the server and removes all of it. May be called more than once. */
  close(): Promise<void>;
}

/** Names of role and database within a drill's server. */
const drillName = "ngwbackup_drill";

/**
 * Starts a private PostgreSQL and makes an empty database in it, in the encoding of the archive.
 * @param folder an existing one, in which a folder of its own is made
 * @param header of the archive; undefined for one without a manifest
 * @throws RefusedError when no server is installed; AppError when it does not start
 */
export async function openDrillPlace(
  folder: string,
  header: ManifestHeader | undefined,
  settings: Settings,
  context: Context,
): Promise<DrillPlace> {
  const running = await startIn(folder, context);
  // In the server's own folder: whatever happens to us, its guard, or the next drill, removes all of it.
  const own = join(running.host, "drill");
  const dataFolder = join(own, "data");
  const close = (): Promise<void> => running.stop();
  try {
    await mkdir(dataFolder, { recursive: true });
    const { host, port, superuser } = running;
    const base: ConnectionSettings = { host, port, env: {} };
    const admin: ConnectionSettings = { ...base, user: superuser, database: "postgres" };
    const notes = await makeDatabase(admin, header);
    const database: ConnectionSettings = { ...base, user: drillName, database: drillName };
    const configPath = join(own, "config.ini");
    await writeFile(configPath, configText(host, port, dataFolder), { mode: 0o600 });
    const blobFolder = join(dataFolder, "file_storage");
    return {
      settings: {
        ...settings,
        database,
        sdirPath: dataFolder,
        fileStoragePath: blobFolder,
        fontPath: join(dataFolder, "core", "fontconfig"),
        ngwbackup: { ...settings.ngwbackup, admin, template: undefined },
        files: [configPath],
      },
      configPath,
      blobFolder,
      admin: { ...admin, database: drillName },
      notes,
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

function configText(host: string, port: number, dataFolder: string): string {
  return [
    "[core]",
    `database.host = ${host}`,
    `database.port = ${port}`,
    `database.name = ${drillName}`,
    `database.user = ${drillName}`,
    `sdir = ${dataFolder}`,
    "",
  ].join("\n");
}

/** The locale counts little: it is the order of texts. The encoding must be the archive's. */
async function makeDatabase(admin: ConnectionSettings, header: ManifestHeader | undefined): Promise<string[]> {
  const client = await connect(admin, { applicationName: "ngwbackup drill" });
  try {
    await client.query(`CREATE ROLE ${drillName} LOGIN`);
    if (header === undefined) {
      await create(client, "");
      return ["encoding and collation are this server's: the archive does not name its own"];
    }
    const { encoding, collate, ctype } = header.database;
    const of = (locale: { collate: string; ctype: string }): string =>
      `ENCODING ${quoteLiteral(encoding)} LC_COLLATE ${quoteLiteral(locale.collate)} LC_CTYPE ${quoteLiteral(locale.ctype)}`;
    try {
      await create(client, of({ collate, ctype }));
      return [];
    } catch {
      await create(client, of({ collate: "C", ctype: "C" }));
      return [`texts are in the order of collation C: this system has no ${collate}`];
    }
  } finally {
    await client.end();
  }
}

async function create(client: Client, options: string): Promise<void> {
  const name = quoteIdentifier(drillName);
  await client.query(`CREATE DATABASE ${name} OWNER ${name} TEMPLATE template0 ${options}`);
}
