import { BlockDigest, type BlockDigestRule, newBlockDigestRule } from "../../../archive/block-digest.ts";
import {
  type BaseArchive,
  type ManifestEntry,
  type ManifestHeader,
  manifestDigest,
} from "../../../archive/manifest.ts";
import { readManifestEntries, readManifestHeader } from "../../../archive/manifest-scan.ts";
import { parseEntryName } from "../../../archive/entry-names.ts";
import type { ArchiveReader } from "../../../archive/reader.ts";
import { DamagedError } from "../../../errors.ts";
import { EarlierBlobs } from "./earlier-blobs.ts";
import { type EarlierRows, noEarlierRows } from "./earlier-rows.ts";
import { TableBlocks } from "./table-blocks.ts";

/** What a backup refers to, and how it is to be referred to later. */
export interface BackupBase {
  /** The archive itself and those it refers to, newest first, with the ids that the new archive calls them by. */
  archives: readonly BaseArchive[];
  rows: EarlierRows;
  /** How frames are digested; undefined: not at all. */
  rule: BlockDigestRule | undefined;
  /** Its blobs, from the first one on; undefined without an earlier archive. */
  blobs(): EarlierBlobs | undefined;
  /**
   * Looks once more whether all of the archives are there, before the new one gets its name: somebody may have removed one meanwhile.
   * @throws RefusedError base-missing
   */
  confirm(): Promise<void>;
  /** Closes what was opened; may be called again. */
  close(): Promise<void>;
}

/** For a backup that stands for itself. @param canServe whether later ones may refer to it */
export function noBase(canServe: boolean): BackupBase {
  const rule = canServe ? newBlockDigestRule() : undefined;
  return {
    archives: [],
    rows: noEarlierRows(rule && new BlockDigest(rule)),
    rule,
    blobs: () => undefined,
    confirm: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

/**
 * Reads what an archive says of its tables, and prepares to read what it says of its blobs.
 * @param reader of the archive alone; closed with the base
 * @param fileName under which later readers find it
 * @param manifestLimitBytes see `manifestDigest`
 * @throws DamagedError when its manifest is not as it was written
 */
export async function readBase(
  reader: ArchiveReader,
  fileName: string,
  manifestLimitBytes: number,
): Promise<Omit<BackupBase, "confirm">> {
  const { label } = reader;
  const sha256 = await manifestDigest(reader, manifestLimitBytes);
  const header = await readManifestHeader(reader);
  if (sha256 === undefined || header === undefined) throw noManifest(label);
  const { createdAt, instanceId, base } = header;
  const archives: BaseArchive[] = [{ id: 1, fileName, sha256, createdAt, instanceId }];
  const ids = new Map([[0, 1]]);
  for (const other of base ?? []) {
    const id = archives.length + 1;
    ids.set(other.id, id);
    archives.push({ ...other, id });
  }
  const idOf = (archive: number): number => {
    const id = ids.get(archive);
    if (id !== undefined) return id;
    throw new DamagedError("base-damaged", `${label} refers to an archive ${archive} that it does not name`);
  };
  const { tables, largeObjects } = await readRowEntries(reader, header);
  const blocksIn = (entry: ManifestEntry | undefined): TableBlocks | undefined =>
    entry?.digests === undefined ? undefined : new TableBlocks(entry, idOf);
  let open: ArchiveReader | undefined = reader;
  const rule = header.blockDigest ?? newBlockDigestRule();
  return {
    archives,
    rule,
    rows: {
      digest: new BlockDigest(rule),
      blocksOf: (schema, name) => blocksIn(tables.get(keyOf(schema, name))),
      blocksOfLargeObject: (oid) => blocksIn(largeObjects.get(oid)),
      cutOf: (schema, name) => tables.get(keyOf(schema, name))?.piecePages,
    },
    blobs: () => (open === undefined ? undefined : new EarlierBlobs(open, header, idOf)),
    async close() {
      const closing = open;
      // Its list of entries is not needed any more, and may be large.
      open = undefined;
      await closing?.close();
    },
  };
}

/** Tables by schema and name, large objects by OID. */
async function readRowEntries(
  reader: ArchiveReader,
  header: ManifestHeader,
): Promise<Record<"tables" | "largeObjects", Map<string, ManifestEntry>>> {
  const tables = new Map<string, ManifestEntry>();
  const largeObjects = new Map<string, ManifestEntry>();
  for await (const entry of readManifestEntries(reader, header, "postgres/")) {
    if (entry.table !== undefined) tables.set(keyOf(entry.table.schema, entry.table.name), entry);
    else if (entry.digests !== undefined) {
      const parsed = parseEntryName(entry.name);
      if (parsed?.kind === "large-object") largeObjects.set(parsed.oid, entry);
    }
  }
  return { tables, largeObjects };
}

function keyOf(schema: string, name: string): string {
  return `${schema}\0${name}`;
}

/** The error for an archive of NextGIS Web's own. */
export function noManifest(label: string): DamagedError {
  return new DamagedError("no-manifest", `${label} has no manifest, so that nothing can refer to it`);
}
