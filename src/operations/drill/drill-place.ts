import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ManifestHeader } from "../../archive/manifest.ts";
import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import type { ConnectionSettings } from "../../postgres/settings.ts";
import type { Reporter } from "../../progress.ts";
import type { DrillServer } from "./drill-server.ts";
import { openGivenServer } from "./given-server.ts";
import { openPrivateServer } from "./private-server.ts";

/** Where a drill restores to: an empty database of a private or a given server, and an empty folder. */
export interface DrillPlace extends Pick<DrillServer, "checks" | "lender" | "notes" | "close"> {
  /** The configuration with the drill's own database and folders, as a restore takes it. */
  settings: Settings;
  /** A configuration file that says the same, for the application's own check. */
  configPath: string;
  blobFolder: string;
}

/**
 * Makes the place of a drill: on the server that is configured for it, else on a private one.
 * @param folder an existing one, in which a folder of its own is made
 * @param header of the archive; undefined for one without a manifest
 * @throws RefusedError when there is no server, or it does not let us; AppError when it does not start
 */
export async function openDrillPlace(
  folder: string,
  header: ManifestHeader | undefined,
  settings: Settings,
  context: Context,
  reporter: Reporter,
): Promise<DrillPlace> {
  const { server: given } = settings.ngwbackup.drill;
  const server =
    given === undefined
      ? await openPrivateServer(folder, header, context)
      : await openGivenServer({ folder, header, server: given, settings, context, reporter });
  try {
    return await placeOn(server, settings);
  } catch (error) {
    await server.close();
    throw error;
  }
}

async function placeOn(server: DrillServer, settings: Settings): Promise<DrillPlace> {
  const { database, admin, template, folder, checks, lender, notes } = server;
  const dataFolder = join(folder, "data");
  await mkdir(dataFolder);
  const configPath = await writeConfig(folder, database, dataFolder);
  const blobFolder = join(dataFolder, "file_storage");
  return {
    settings: {
      ...settings,
      database,
      sdirPath: dataFolder,
      fileStoragePath: blobFolder,
      fontPath: join(dataFolder, "core", "fontconfig"),
      ngwbackup: { ...settings.ngwbackup, admin, template },
      files: [configPath],
    },
    configPath,
    blobFolder,
    checks,
    lender,
    notes,
    close: () => server.close(),
  };
}

/** The password has a file of its own: what stands in a configuration is read by rules that not every password survives. */
async function writeConfig(folder: string, database: ConnectionSettings, dataFolder: string): Promise<string> {
  const { host, port, database: name, user, password } = database;
  const lines = [
    "[core]",
    `database.host = ${host}`,
    `database.port = ${port}`,
    `database.name = ${name}`,
    `database.user = ${user}`,
    `sdir = ${dataFolder}`,
  ];
  if (password !== undefined) {
    const passwordPath = join(folder, "password");
    await writeFile(passwordPath, password, { mode: 0o600 });
    lines.push(`database.pwfile = ${passwordPath}`);
  }
  const configPath = join(folder, "config.ini");
  await writeFile(configPath, `${lines.join("\n")}\n`, { mode: 0o600 });
  return configPath;
}
