import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInstance } from "../../../src/demo/instance.ts";
import { makeAgeKeyPair } from "../../../src/encryption/age-key-pair.ts";
import type { Scale } from "../../../src/demo/scale.ts";
import { writeNgwArchive } from "../../fixtures/ngw-archive.ts";
import { withClient } from "../../fixtures/postgres.ts";
import { runCli } from "../../fixtures/run-cli.ts";
import type { TestClusterAddress } from "../../fixtures/test-cluster.ts";
import { type TestInstance, createTestInstance } from "../../fixtures/test-instance.ts";
import { mustHold } from "../campaign.ts";

/**
 * How an archive was written: with the compression of the name, as a folder, encrypted, by NextGIS Web's own means, or
 * referring to the one of zstd beside it, from which something has changed.
 */
export type SampleKind = "zstd" | "deflate" | "none" | "folder" | "encrypted" | "nextgisweb" | "incremental";

export const sampleKinds: readonly SampleKind[] = [
  "zstd",
  "deflate",
  "none",
  "folder",
  "encrypted",
  "nextgisweb",
  "incremental",
];

/** A sound archive that cases damage. */
export interface SampleArchive {
  kind: SampleKind;
  path: string;
  /** What it consists of: the only file of a ZIP under the name "", the files of a folder by relative path. */
  files: ReadonlyMap<string, Buffer>;
  /** What the command line of its readers needs besides the path. */
  readArgs: readonly string[];
}

/** An archive in each form, of one state of an instance. */
export type SampleArchives = Readonly<Record<SampleKind, SampleArchive>>;

/** An instance, and archives of it in every form. */
export interface Samples {
  instance: TestInstance;
  /** Of the instance as it stood at first. */
  archives: SampleArchives;
  /** Makes them again, of the instance as it stands. */
  writeAgain(): Promise<SampleArchives>;
  close(): Promise<void>;
}

/** A few rows and files of each sort, so that an archive is read in a few milliseconds. */
const scale: Scale = {
  pointLayers: 1,
  pointsPerLayer: 40,
  polygonLayers: 1,
  polygonsPerLayer: 10,
  polygonVertices: 8,
  emptyLayers: 0,
  attachments: 6,
  attachmentBytes: { min: 400, max: 1600 },
  compressibleAttachmentEvery: 3,
  rasters: [
    { sizeBytes: 30_000, compressible: true },
    { sizeBytes: 9000, compressible: false },
  ],
  tiles: 2,
};

/** Makes an instance with tables, blobs, fonts and large objects, and its archives. @param seed of what it holds */
export async function createSamples(cluster: TestClusterAddress, seed: string): Promise<Samples> {
  const instance = await createTestInstance({ cluster });
  const { settings } = instance.database;
  await createInstance({ settings, sdir: instance.sdir, scale, seed });
  await withClient(settings, (client) =>
    client.query(
      `select lo_from_bytea(0, convert_to(repeat('large object ', 300), 'UTF8')), lo_from_bytea(0, '\\x00ff'), lo_create(0)`,
    ),
  );
  const folder = await mkdtemp(join(tmpdir(), "ngwbackup-test-samples-"));
  const keys = await makeAgeKeyPair(new Date());
  const identityPath = join(folder, "key.txt");
  await writeFile(identityPath, keys.identityFile);
  const write = async (name: string): Promise<SampleArchives> => {
    await mkdir(join(folder, name));
    const archives: Partial<Record<SampleKind, SampleArchive>> = {};
    for (const kind of sampleKinds) {
      const path = join(folder, name, kind === "folder" ? kind : `${kind}.ngwbackup`);
      await writeArchive(instance, kind, path, { binDir: cluster.binDir, recipient: keys.recipient });
      const readArgs = kind === "encrypted" ? ["--identity", identityPath] : [];
      archives[kind] = { kind, path, files: await readFiles(path, kind === "folder"), readArgs };
    }
    return archives as SampleArchives;
  };
  return {
    instance,
    archives: await write("first"),
    writeAgain: () => write("again"),
    async close() {
      await instance.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function writeArchive(
  instance: TestInstance,
  kind: SampleKind,
  path: string,
  { binDir, recipient }: { binDir: string; recipient: string },
): Promise<void> {
  if (kind === "nextgisweb") {
    const [fileStoragePath, fontPath] = [join(instance.sdir, "file_storage"), join(instance.sdir, "core/fontconfig")];
    await writeNgwArchive({ settings: instance.database.settings, fileStoragePath, fontPath, target: path, binDir });
    return;
  }
  if (kind === "incremental")
    await withClient(instance.database.settings, (client) =>
      client.query("update resource set description = 'changed since' where id = (select max(id) from resource)"),
    );
  const form = formOf(kind, path, recipient);
  const backup = await runCli(["backup", ...instance.config, ...form, path]);
  mustHold(backup.exitCode === 0, `a sound archive is written: ${kind}`, backup.stderr);
}

function formOf(kind: Exclude<SampleKind, "nextgisweb">, path: string, recipient: string): string[] {
  if (kind === "folder") return ["--no-zip"];
  if (kind === "incremental") return ["--base", join(dirname(path), "zstd.ngwbackup")];
  // Not compressed it has several chunks.
  return kind === "encrypted" ? ["--compression", "none", "--recipient", recipient] : ["--compression", kind];
}

async function readFiles(path: string, isFolder: boolean): Promise<Map<string, Buffer>> {
  if (!isFolder) return new Map([["", await readFile(path)]]);
  const files = new Map<string, Buffer>();
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const absolute = join(entry.parentPath, entry.name);
    files.set(absolute.slice(path.length + 1), await readFile(absolute));
  }
  return files;
}
