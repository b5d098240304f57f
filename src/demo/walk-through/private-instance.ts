import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "../../cluster/cluster.ts";
import { countersSql } from "../writers.ts";
import { createInstance, type MadeUpInstance } from "../instance.ts";
import type { Scale } from "../scale.ts";
import { connect } from "../../postgres/connection.ts";
import type { ConnectionSettings } from "../../postgres/settings.ts";

/** A made-up instance in a private cluster, set up as an installation of NextGIS Web is. */
export interface PrivateInstance extends MadeUpInstance {
  settings: ConnectionSettings;
  configPath: string;
  configText: string;
  /** Data folder. */
  sdir: string;
  /** Folder for archives. */
  backupPath: string;
}

/**
 * Sets up role, database with PostGIS and configuration file as docs/operations.md recommends: an ordinary role that owns
 * the database, may create databases, and has a template with PostGIS, so that a restore goes side by side. Fills them.
 * @param folder an empty folder for configuration, data and archives
 */
export async function createPrivateInstance(cluster: Cluster, folder: string, scale: Scale): Promise<PrivateInstance> {
  const { host, port, superuser } = cluster;
  const admin: ConnectionSettings = { host, port, user: superuser, database: "postgres", env: {} };
  const settings: ConnectionSettings = { host, port, user: "ngw", database: "ngw", env: {} };
  await execute(admin, ["create role ngw login createdb", "create database ngw_template owner ngw"]);
  await execute({ ...admin, database: "ngw_template" }, [
    "create extension postgis",
    "create extension hstore",
    "alter table spatial_ref_sys owner to ngw",
    "alter view geometry_columns owner to ngw",
    "alter view geography_columns owner to ngw",
  ]);
  await execute(admin, ["create database ngw owner ngw template ngw_template"]);
  const sdir = join(folder, "data");
  const backupPath = join(folder, "backups");
  const configPath = join(folder, "config.ini");
  const configText = [
    "[core]",
    `database.host = ${host}`,
    `database.port = ${port}`,
    "database.name = ngw",
    "database.user = ngw",
    `sdir = ${sdir}`,
    `backup.path = ${backupPath}`,
    "",
  ].join("\n");
  await writeFile(configPath, configText, { mode: 0o600 });
  await mkdir(sdir);
  const instance = await createInstance({ settings, sdir, scale });
  await execute(settings, [countersSql]);
  return { ...instance, settings, configPath, configText, sdir, backupPath };
}

/**
 * Does to the instance what a failed upgrade, a slip of the hand and a bad disk would do together: layers, resources and
 * users are dropped, blobs are deleted, cut and overwritten, a font is lost.
 * @returns what was done, a line each
 */
export async function wreck(instance: PrivateInstance): Promise<string[]> {
  await execute(instance.settings, [
    "drop schema vector_layer cascade",
    "drop table public.resource, public.auth_user, public.fileobj cascade",
    "update public.setting set value = '\"nonsense\"'",
    "create table public.left_over (id integer)",
  ]);
  const files = await readdir(instance.fileStoragePath, { recursive: true, withFileTypes: true });
  const paths = files
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  const counts = { deleted: 0, cut: 0 };
  for (const [index, path] of paths.entries()) {
    if (index % 3 === 0) {
      await rm(path);
      counts.deleted += 1;
    } else if (index % 50 === 1) {
      await writeFile(path, "no longer what it was");
      counts.cut += 1;
    }
  }
  for (const name of await readdir(instance.fontPath)) {
    if (name.endsWith(".ttf")) await rm(join(instance.fontPath, name));
  }
  return [
    "schema vector_layer and tables resource, auth_user, fileobj dropped with all that depends on them",
    `${counts.deleted} of ${paths.length} files deleted, ${counts.cut} overwritten, a font removed`,
  ];
}

async function execute(settings: ConnectionSettings, statements: readonly string[]): Promise<void> {
  const client = await connect(settings, { applicationName: "ngwbackup demo" });
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
