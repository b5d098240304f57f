import { signatureEntryName } from "../../archive/entry-names.ts";
import { manifestDigest } from "../../archive/manifest.ts";
import { readManifestHeader } from "../../archive/manifest-scan.ts";
import { listEntries, readLosses } from "./listed-entries.ts";
import type { ArchiveReader } from "../../archive/reader.ts";
import type { AppliedRevision } from "../../migrations/migration.ts";
import { readToc } from "../contents/archive-contents.ts";
import { openArchiveAlone } from "../open-archive.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";
import { readFiles } from "./component-files.ts";
import { FileKeys } from "./file-keys.ts";
import { layerNames } from "./layer-names.ts";
import { type ArchivePart, PartSums } from "./part-sums.ts";
import { rowReader } from "./read-rows.ts";

/** What an archive holds, part by part; null where it does not say. */
export interface ArchiveView {
  writtenBy: string;
  encrypted: boolean;
  /** Whether the manifest comes with a signature. */
  signed: boolean;
  /** RFC 3339. */
  snapshotAt: string | null;
  database: string | null;
  server: string | null;
  postgis: string | null;
  encoding: string | null;
  compression: string | null;
  migrations: readonly AppliedRevision[] | null;
  rows: number | null;
  /** Quoted names of tables whose rows were left out. */
  excludedRows: readonly string[];
  /** What could not be saved whole; the first of them. */
  losses: readonly string[];
  /** Largest first. */
  parts: readonly ArchivePart[];
  /** Archives that it refers to, newest first, and how much of each. */
  chain: readonly { name: string; createdAt: string; bytes: number }[];
}

/** A view with what two archives are compared by besides. */
export interface ComparableView {
  view: ArchiveView;
  fileKeys: FileKeys;
}

/**
 * Looks through an archive of any size in bounded memory: what its manifest or, where it has none, its directory lists, added up
 * by parts. Archives that it refers to need not be there; names of layers may stand in them, and are left out then. Rows and
 * files are not read, so this proves nothing about them.
 * @throws RefusedError, DamagedError as opening it does
 */
export async function viewArchive(archive: string, access: ArchiveAccess): Promise<ComparableView> {
  const { reader, encrypted } = await openArchiveAlone(archive, access);
  try {
    await manifestDigest(reader);
    return await viewOf(reader, encrypted, archive, access);
  } finally {
    await reader.close();
  }
}

async function viewOf(
  reader: ArchiveReader,
  encrypted: boolean,
  archive: string,
  access: ArchiveAccess,
): Promise<ComparableView> {
  const header = await readManifestHeader(reader);
  const toc = await readToc(reader);
  const sums = new PartSums();
  const fileKeys = new FileKeys();
  const listed = await listEntries(reader, header, toc, sums);
  await readFiles(reader, listed.files, sums, (record) => fileKeys.add(record), access.reporter);
  const rows = rowReader(reader, listed.named, archive, access);
  let names: ReadonlyMap<string, string>;
  try {
    names = await layerNames(toc, rows.read);
  } finally {
    await rows.close();
  }
  const view: ArchiveView = {
    writtenBy: header === undefined ? "NextGIS Web" : `${header.tool} ${header.toolVersion}`,
    encrypted,
    signed: reader.entries.has(signatureEntryName),
    snapshotAt: header?.snapshotAt ?? null,
    database: header?.database.name ?? toc.databaseName,
    server: header === undefined ? toc.serverVersion : `PostgreSQL ${header.database.serverVersion}`,
    postgis: header?.database.postgisVersion ?? null,
    encoding: header?.database.encoding ?? null,
    compression: header?.options.compression ?? null,
    migrations: header?.migrations ?? null,
    rows: listed.rows,
    excludedRows: header?.excludedRows ?? [],
    losses: await readLosses(reader),
    parts: sums.parts(names),
    chain: (header?.base ?? []).map(({ id, fileName, createdAt }) => ({
      name: fileName,
      createdAt,
      bytes: listed.referredBytes.get(id) ?? 0,
    })),
  };
  return { view, fileKeys };
}
