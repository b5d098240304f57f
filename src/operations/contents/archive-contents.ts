import type { Codec } from "../../archive/codec.ts";
import { checkSize, lookUp } from "../../archive/entry-access.ts";
import { parseEntryName, tocEntryName } from "../../archive/entry-names.ts";
import { type Manifest, type ManifestEntry, readManifest } from "../../archive/manifest.ts";
import type { ArchiveReader } from "../../archive/reader.ts";
import { DamagedError } from "../../errors.ts";
import type { Toc, TocEntry } from "../../postgres/toc.ts";
import { decodeTocStream } from "../../postgres/toc-decode.ts";
import type { ContentForm } from "./plain-content.ts";
import { namedDamage } from "./named-damage.ts";

/** A table of contents larger than this is no NextGIS Web instance's: 3,000 layers take some 30 MiB. */
const tocLimitBytes = 512 * 1024 * 1024;

/** Where a table's rows, or a large object, stand in an archive. */
export interface DataEntry extends ContentForm {
  /** Name of the entry. */
  name: string;
}

/** Where a record of a component stands. */
export interface RecordEntry {
  name: string;
  codec: Codec;
  listed: ManifestEntry | undefined;
}

/** An opened archive, ours or NextGIS Web's own, as the rest of the program sees it. Whoever opened the reader closes it. */
export interface ArchiveContents {
  reader: ArchiveReader;
  /** Undefined for an archive that NextGIS Web wrote. */
  manifest: Manifest | undefined;
  toc: Toc;
  /** Rows of tables by the dump id of their TABLE DATA entry. */
  tables: ReadonlyMap<number, DataEntry>;
  /** Large objects by OID. */
  largeObjects: ReadonlyMap<string, DataEntry>;
  /** Records by component and number. */
  records: ReadonlyMap<string, ReadonlyMap<number, RecordEntry>>;
  /** Entries under `postgres/` and `component/` that fit no rule. */
  unknownEntries: readonly string[];
}

/**
 * Sorts the entries of an archive by what they are, and reads its manifest and table of contents.
 * @throws DamagedError (exit 5) when it is no archive of an instance, or its manifest or table of contents is damaged
 */
export async function readContents(reader: ArchiveReader): Promise<ArchiveContents> {
  if (!reader.entries.has(tocEntryName))
    throw new DamagedError(
      "not-an-archive",
      `${reader.label} is not a backup of an instance: expected entry ${tocEntryName}, found none`,
      { hints: ["name a file that backup wrote (*.ngwbackup)"] },
    );
  const manifest = await readManifest(reader);
  if (manifest !== undefined && manifest.header.base !== null && reader.chain === undefined)
    throw new Error(`${reader.label} was opened without the archives that it refers to`);
  const blockDigest = manifest?.header.blockDigest;
  const toc = await readToc(reader);
  const tables = new Map<number, DataEntry>();
  const largeObjects = new Map<string, DataEntry>();
  const records = new Map<string, Map<number, RecordEntry>>();
  const unknownEntries: string[] = [];
  for (const { name, isDirectory } of reader.entries.values()) {
    if (isDirectory) continue;
    const parsed = parseEntryName(name);
    const listed = manifest?.entries.get(name);
    if (parsed === undefined) {
      if (/^(postgres|component)\//.test(name)) unknownEntries.push(name);
    } else if (parsed.kind === "table") tables.set(parsed.dumpId, { name, codec: parsed.codec, listed, blockDigest });
    else if (parsed.kind === "large-object")
      largeObjects.set(parsed.oid, { name, codec: parsed.codec, listed, blockDigest });
    else if (parsed.kind === "index") recordsOf(records, parsed.component);
    else if (parsed.kind === "record")
      recordsOf(records, parsed.component).set(parsed.id, { name, codec: parsed.codec, listed });
  }
  return { reader, manifest, toc, tables, largeObjects, records, unknownEntries };
}

function recordsOf(records: Map<string, Map<number, RecordEntry>>, component: string): Map<number, RecordEntry> {
  const known = records.get(component);
  if (known !== undefined) return known;
  const fresh = new Map<number, RecordEntry>();
  records.set(component, fresh);
  return fresh;
}

/** Reads the table of contents. @throws DamagedError */
export async function readToc(reader: ArchiveReader): Promise<Toc> {
  const { label } = reader;
  checkSize(label, lookUp(label, reader.entries, tocEntryName), tocLimitBytes);
  try {
    return await decodeTocStream(reader.read(tocEntryName));
  } catch (error) {
    throw namedDamage(label, tocEntryName, error);
  }
}

/** TABLE DATA entries of the table of contents, in its order. */
export function tableDataEntries(toc: Toc): TocEntry[] {
  return toc.entries.filter(({ description }) => description === "TABLE DATA");
}
