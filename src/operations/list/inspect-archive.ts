import { signatureEntryName } from "../../archive/entry-names.ts";
import type { Manifest } from "../../archive/manifest.ts";
import { referencesOf } from "../../archive/manifest-references.ts";
import { readContents, tableDataEntries, type ArchiveContents } from "../contents/archive-contents.ts";
import { openArchive } from "../open-archive.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";
import { lossText } from "../view/listed-entries.ts";

/** What an archive holds, for people; null where the archive does not say. */
export interface ArchiveSummary {
  writtenBy: string;
  encrypted: boolean;
  /** Whether the manifest comes with a signature, which `verify --signer` checks. */
  signed: boolean;
  /** RFC 3339. */
  snapshotAt: string | null;
  instanceId: string | null;
  application: string;
  database: string | null;
  server: string | null;
  postgis: string | null;
  encoding: string | null;
  compression: string | null;
  /** The archives that it refers to, newest first; empty for one that stands for itself. */
  base: readonly { fileName: string; createdAt: string; bytes: number }[];
  tables: number;
  rows: number | null;
  /** Quoted names of tables whose rows were left out. */
  excludedRows: readonly string[];
  largeObjects: number;
  components: { component: string; records: number; plainBytes: number }[];
  /** Applied migrations. */
  migrations: number | null;
  /** Largest first. */
  largestTables: { name: string; rows: number | null; plainBytes: number; storedBytes: number }[];
  losses: string[];
}

/**
 * Reads what an archive says about itself; its data are not read, so this proves nothing about them.
 * @throws RefusedError, DamagedError as opening it does
 */
export async function inspectArchive(archive: string, access: ArchiveAccess): Promise<ArchiveSummary> {
  const { reader, encrypted } = await openArchive(archive, access);
  try {
    return summarize(await readContents(reader), encrypted);
  } finally {
    await reader.close();
  }
}

/** What is taken from each archive that is referred to. */
function referredBytes(manifest: Manifest | undefined): ArchiveSummary["base"] {
  const bytes = new Map<number, number>();
  for (const entry of manifest?.entries.values() ?? [])
    for (const [archive, , , lengthBytes] of referencesOf(entry))
      bytes.set(archive, (bytes.get(archive) ?? 0) + lengthBytes);
  return (manifest?.header.base ?? []).map(({ id, fileName, createdAt }) => ({
    fileName,
    createdAt,
    bytes: bytes.get(id) ?? 0,
  }));
}

function summarize(contents: ArchiveContents, encrypted: boolean): ArchiveSummary {
  const { manifest, toc, reader } = contents;
  const header = manifest?.header;
  const size = (name: string, plain: number | undefined): number =>
    plain ?? reader.entries.get(name)?.contentBytes ?? 0;
  const largestTables = tableDataEntries(toc).flatMap((entry) => {
    const data = contents.tables.get(entry.dumpId);
    if (data === undefined) return [];
    return {
      name: `${entry.namespace ?? ""}.${entry.tag}`,
      rows: data.listed?.rows ?? null,
      plainBytes: size(data.name, data.listed?.plainBytes),
      storedBytes: reader.entries.get(data.name)?.storedBytes ?? 0,
    };
  });
  const components = [...contents.records].map(([component, records]) => {
    let plainBytes = 0;
    for (const { name, listed } of records.values()) plainBytes += size(name, listed?.plainBytes);
    return { component, records: records.size, plainBytes };
  });
  return {
    writtenBy: header === undefined ? "NextGIS Web" : `${header.tool} ${header.toolVersion}`,
    encrypted,
    signed: reader.entries.has(signatureEntryName),
    snapshotAt: header?.snapshotAt ?? null,
    instanceId: header?.instanceId ?? null,
    application:
      header === undefined
        ? "nextgisweb"
        : [header.application.name, header.application.version ?? ""].join(" ").trim(),
    database: header?.database.name ?? toc.databaseName,
    server: header === undefined ? toc.serverVersion : `PostgreSQL ${header.database.serverVersion}`,
    postgis: header?.database.postgisVersion ?? null,
    encoding: header?.database.encoding ?? null,
    compression: header?.options.compression ?? null,
    base: referredBytes(manifest),
    tables: contents.tables.size,
    rows: manifest?.end.rows ?? null,
    excludedRows: header?.excludedRows ?? [],
    largeObjects: contents.largeObjects.size,
    components,
    migrations: header?.migrations?.length ?? null,
    largestTables: largestTables.toSorted((a, b) => b.plainBytes - a.plainBytes),
    losses: (manifest?.losses ?? []).map(lossText),
  };
}
