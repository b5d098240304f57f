import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "../src/cluster/cluster.ts";
import type { MadeUpInstance } from "../src/demo/instance.ts";
import type { Scale } from "../src/demo/scale.ts";
import { createPrivateInstance } from "../src/demo/walk-through/private-instance.ts";
import { connect } from "../src/postgres/connection.ts";
import type { ConnectionSettings } from "../src/postgres/settings.ts";
import type { Place } from "./contestants/contestant.ts";

/** An instance of a bench's cluster: what contestants see of it, and how we reach its database. */
export interface BenchInstance {
  place: Place["instance"];
  settings: ConnectionSettings;
}

/** The instance that is backed up, as made. */
export interface SourceInstance extends BenchInstance {
  made: MadeUpInstance;
}

const targetDatabase = "ngw_target";

/**
 * Makes the instance that is backed up: an ordinary role that owns its database and may create others. It is vacuumed and
 * analysed, so that no reader has to do that for another.
 */
export async function makeSource(cluster: Cluster, folder: string, scale: Scale): Promise<SourceInstance> {
  const made = await createPrivateInstance(cluster, folder, scale);
  const { settings, configPath, sdirPath, fileStoragePath } = made;
  await execute(settings, ["vacuum analyze"]);
  return { place: { configPath, sdirPath, fileStoragePath, database: "ngw" }, settings, made };
}

/**
 * Makes the instance that is restored into, afresh: its database holds what the source's does, its file storage nothing.
 * What earlier restores left in the cluster is dropped.
 * @param folder the target's own folder; emptied
 */
export async function makeTarget(cluster: Cluster, folder: string, source: SourceInstance): Promise<BenchInstance> {
  const { host, port } = cluster;
  const admin = adminSettings(cluster);
  await dropTargets(cluster);
  await rm(folder, { recursive: true, force: true });
  // Copying files is many times faster than writing all blocks to the log, which releases before 15 cannot.
  const strategy = cluster.server.major >= 15 ? " strategy file_copy" : "";
  await execute(admin, [
    `create database ${targetDatabase} owner ${source.settings.user} template ${source.place.database}${strategy}`,
  ]);
  const sdirPath = join(folder, "data");
  const fileStoragePath = join(sdirPath, "file_storage");
  await mkdir(fileStoragePath, { recursive: true });
  const configPath = join(folder, "config.ini");
  const lines = [
    "[core]",
    `database.host = ${host}`,
    `database.port = ${port}`,
    `database.name = ${targetDatabase}`,
    `database.user = ${source.settings.user}`,
    `sdir = ${sdirPath}`,
    `backup.path = ${join(folder, "backups")}`,
  ];
  await writeFile(configPath, `${lines.join("\n")}\n`);
  return {
    place: { configPath, sdirPath, fileStoragePath, database: targetDatabase },
    settings: { ...source.settings, database: targetDatabase },
  };
}

/** Tables by size, largest first, those of extensions left out. */
export async function tablesBySize({ settings }: BenchInstance): Promise<Place["tables"]> {
  const client = await connect(settings);
  try {
    const { rows } = await client.query<{ name: string; size: string }>(`
      select format('"%s"."%s"', replace(nspname, '"', '""'), replace(relname, '"', '""')) as name,
        pg_table_size(c.oid) as size
      from pg_class c join pg_namespace n on n.oid = relnamespace
      where relkind = 'r' and nspname not in ('pg_catalog', 'information_schema') and nspname not like 'pg\\_%'
        and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
      order by pg_table_size(c.oid) desc, 1`);
    return rows.map(({ name, size }) => ({ name, sizeBytes: Number(size) }));
  } finally {
    await client.end();
  }
}

/** Writes what the server still holds in memory, so that the next run does not pay for it. */
export async function checkpoint(cluster: Cluster): Promise<void> {
  await execute(adminSettings(cluster), ["checkpoint"]);
}

/** Drops every database that restores made or left. */
async function dropTargets(cluster: Cluster): Promise<void> {
  const admin = adminSettings(cluster);
  const client = await connect(admin);
  try {
    const { rows } = await client.query<{ name: string }>(
      `select quote_ident(datname) as name from pg_database
       where not datistemplate and datname not in ('postgres', 'ngw', 'ngw_template')`,
    );
    for (const { name } of rows) await client.query(`drop database ${name} with (force)`);
  } finally {
    await client.end();
  }
}

function adminSettings({ host, port, superuser }: Cluster): ConnectionSettings {
  return { host, port, user: superuser, database: "postgres", env: {} };
}

async function execute(settings: ConnectionSettings, statements: readonly string[]): Promise<void> {
  const client = await connect(settings, { applicationName: "ngwbackup bench" });
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
