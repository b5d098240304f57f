import { mkdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { RefusedError } from "../errors.ts";
import { connect, type Client } from "../postgres/connection.ts";
import type { ConnectionSettings } from "../postgres/settings.ts";
import { planBlobs, writeBlobs, writeOtherFiles } from "./files.ts";
import { createLayers, type Layer, planLayers } from "./layers.ts";
import { insertPublicRows, insertTransientRows } from "./public-rows.ts";
import { publicSchemaSql, publicTriggersSql, tableCommentsSql } from "./public-schema.ts";
import type { Scale } from "./scale.ts";

/** What a made-up instance is made of. */
export interface InstanceOptions {
  /** An empty database with PostGIS and hstore, whose tables (`spatial_ref_sys`, ...) the role owns. */
  settings: ConnectionSettings;
  /** Data folder; made when missing. */
  sdir: string;
  scale: Scale;
  /** The same seed gives the same rows and bytes; `demo` when left out. */
  seed?: string;
  /** Where blobs stand; `<sdir>/file_storage` when left out. */
  fileStoragePath?: string;
}

/** Where the parts of a made-up instance stand. */
export interface MadeUpInstance {
  sdirPath: string;
  fileStoragePath: string;
  fontPath: string;
  /** 32 hexadecimal digits of each vector layer, in the order of their resource ids from 1. */
  layerUuids: string[];
  blobs: number;
  blobBytes: number;
}

/**
 * Fills an empty database and a folder with an instance of NextGIS Web 5.5's shape: users, resources, versioned vector
 * layers with awkward texts, rasters, attachments, fonts, a local spatial reference system, and what backups leave out.
 * @throws RefusedError when the database lacks PostGIS or holds tables already
 */
export async function createInstance(options: InstanceOptions): Promise<MadeUpInstance> {
  const { settings, sdir, scale, seed = "demo" } = options;
  const fileStoragePath = options.fileStoragePath ?? join(sdir, "file_storage");
  const layers = planLayers(seed, scale);
  const blobs = planBlobs(seed, scale);
  const client = await connect(settings, { applicationName: "ngwbackup made-up instance" });
  try {
    const { rows } = await client.query<{ postgis: boolean; used: boolean }>(
      `select exists (select from pg_extension where extname = 'postgis') as postgis,
         to_regclass('public.resource') is not null as used`,
    );
    if (rows[0]?.postgis !== true) throw new RefusedError("no-postgis", "the database for the instance has no PostGIS");
    if (rows[0].used) throw new RefusedError("not-empty", "the database for the instance is not empty");
    await client.query(`begin; create schema tile_cache; create schema vector_layer; ${publicSchemaSql} commit`);
    await createLayersAtOnce(client, layers, options);
    await client.query("begin");
    // Triggers first: the rows of srs and of the statistics are there to set them off.
    await client.query(publicTriggersSql);
    await insertPublicRows(client, seed, layers, blobs);
    await insertTransientRows(client, seed, scale);
    await client.query(tableCommentsSql);
    await client.query("commit");
    await client.query("analyze");
  } finally {
    await client.end();
  }
  await mkdir(fileStoragePath, { recursive: true });
  await writeBlobs(fileStoragePath, seed, blobs);
  await writeOtherFiles(sdir, fileStoragePath, seed, blobs);
  return {
    sdirPath: sdir,
    fileStoragePath,
    fontPath: join(sdir, "core", "fontconfig"),
    layerUuids: layers.map((layer) => layer.uuid),
    blobs: blobs.length,
    blobBytes: blobs.reduce((sum, blob) => sum + blob.sizeBytes, 0),
  };
}

/** Layers are made by several sessions, which take the work off each other. */
async function createLayersAtOnce(client: Client, layers: readonly Layer[], options: InstanceOptions): Promise<void> {
  const { settings, scale } = options;
  const clients = [client];
  try {
    while (clients.length < Math.min(4, availableParallelism(), layers.length)) {
      clients.push(await connect(settings, { applicationName: "ngwbackup made-up instance" }));
    }
    await createLayers(clients, layers, scale);
  } finally {
    await Promise.all(clients.slice(1).map((other) => other.end()));
  }
}
