import { join } from "node:path/posix";
import { lookUp } from "../../archive/entry-access.ts";
import { componentIndexName, manifestEntryName, tocEntryName } from "../../archive/entry-names.ts";
import { digestOfComment } from "../../archive/manifest-types.ts";
import { DamagedError } from "../../errors.ts";
import { blobPath } from "../../files/storage-layout.ts";
import { type ArchiveContents, type DataEntry, readToc, tableDataEntries } from "../contents/archive-contents.ts";
import { type ComponentRecord, readRecords } from "../contents/read-records.ts";
import type { EntryCheck } from "../verify/check-entry.ts";
import type { EntryPatterns } from "./entry-patterns.ts";
import { type MissingEntries, absentEntry, missingEntries } from "./missing-entries.ts";
import { tableFileName } from "./table-file-name.ts";

/** Something that can be taken out of an archive by its name. */
export interface NamedEntry {
  /** `file_storage/COMPONENT/ab/cd/UUID`, `core/fontconfig/NAME`, `table:SCHEMA.NAME`, `large-object:OID`, `toc.dat`, `manifest.jsonl`. */
  name: string;
  /** Shorter names that stand for it as well. */
  aliases: readonly string[];
  /** Where it goes, relative to the folder that takes what is extracted. No part of it leaves that folder, whatever the archive says. */
  path: string;
  /** Plain. */
  sizeBytes: number;
  /** Of a table, as far as the archive says. */
  rows: number | undefined;
  check: EntryCheck;
}

/**
 * What can be taken out of an archive, as far as it can be asked for. The table of contents is read for tables only, indexes for files only.
 * Tables and large objects that should be there and are not are among it: who reads them hears of it.
 * @throws DamagedError (exit 5) when what has to be read for that is damaged or missing, or names something twice
 */
export async function* namedEntries(
  contents: Omit<ArchiveContents, "toc">,
  patterns: EntryPatterns,
): AsyncGenerator<NamedEntry> {
  const seen = new Set<string>();
  for await (const entry of allEntries(contents, patterns)) {
    if (!patterns.match(entry)) continue;
    if (seen.has(entry.path))
      throw new DamagedError("archive-damaged", `${contents.reader.label}: ${entry.name}: expected once, found twice`);
    seen.add(entry.path);
    yield entry;
  }
}

async function* allEntries(
  contents: Omit<ArchiveContents, "toc">,
  { mayBeRows, mayBeFiles }: EntryPatterns,
): AsyncGenerator<NamedEntry> {
  const { reader, manifest } = contents;
  const sha256 = digestOfComment(reader.comment);
  yield alone(contents, { name: "toc.dat", entryName: tocEntryName });
  if (manifest !== undefined)
    yield alone(contents, { name: manifestEntryName, entryName: manifestEntryName, plainSha256: sha256 });
  const missing = missingEntries(contents);
  if (mayBeRows) yield* rowEntries(contents, missing);
  if (!mayBeFiles) return;
  for (const component of new Set([...contents.records.keys(), ...missing.components])) {
    lookUp(reader.label, reader.entries, componentIndexName(component));
    for await (const record of readRecords(contents, component)) yield fileEntry(contents, record);
  }
}

/** The one entry of its kind. */
function alone(
  contents: Omit<ArchiveContents, "toc">,
  { name, entryName, plainSha256 }: { name: string; entryName: string; plainSha256?: string | undefined },
): NamedEntry {
  const listed = contents.manifest?.entries.get(entryName);
  const check = checkOf(contents, { name: entryName, codec: "none", listed }, { plainSha256 });
  return { name, aliases: [], path: name, sizeBytes: check.entry.contentBytes, rows: undefined, check };
}

async function* rowEntries(
  contents: Omit<ArchiveContents, "toc">,
  missing: MissingEntries,
): AsyncGenerator<NamedEntry> {
  for (const { dumpId, namespace, tag, fileName } of tableDataEntries(await readToc(contents.reader))) {
    const data = contents.tables.get(dumpId) ?? missing.tables.get(dumpId) ?? unlisted(fileName);
    if (data === undefined) continue;
    const check = checkOf(contents, data, { isTable: true });
    const table = namespace === null || namespace === "" ? tag : `${namespace}.${tag}`;
    const path = join("tables", tableFileName(table));
    yield {
      name: `table:${table}`,
      aliases: [],
      path,
      sizeBytes: plainBytesOf(check),
      rows: check.listed?.rows,
      check,
    };
  }
  for (const [oid, data] of [...contents.largeObjects, ...missing.largeObjects]) {
    const check = checkOf(contents, data, {});
    const sizeBytes = plainBytesOf(check);
    yield { name: `large-object:${oid}`, aliases: [], path: `large-objects/${oid}`, sizeBytes, rows: undefined, check };
  }
}

/** Rows that only the table of contents knows of, by the file that it names; it names none for rows that were left out. */
function unlisted(fileName: string | null): DataEntry | undefined {
  if (fileName === null || fileName === "") return undefined;
  return { name: `postgres/${fileName}`, codec: "none", listed: undefined, blockDigest: undefined };
}

function fileEntry(
  contents: Omit<ArchiveContents, "toc">,
  { record: { payload }, entry }: ComponentRecord,
): NamedEntry {
  const check = checkOf(contents, entry, { plainSha256: payload.sha256 });
  const isBlob = "uuid" in payload;
  const path = isBlob ? `file_storage/${blobPath(payload)}` : `core/fontconfig/${payload.filename}`;
  const aliases = isBlob ? [`${payload.component}/${payload.uuid}`, payload.uuid] : [payload.filename];
  return { name: path, aliases, path, sizeBytes: plainBytesOf(check), rows: undefined, check };
}

/** What an entry is held against. */
function checkOf(
  { reader, manifest }: Omit<ArchiveContents, "toc">,
  { name, codec, listed }: Omit<DataEntry, "blockDigest">,
  { plainSha256, isTable = false }: { plainSha256?: string | undefined; isTable?: boolean },
): EntryCheck {
  return {
    entry: reader.entries.get(name) ?? absentEntry(name),
    listed,
    codec,
    isTable,
    blockDigest: manifest?.header.blockDigest,
    ...(plainSha256 === undefined ? {} : { plainSha256 }),
    decode: true,
  };
}

function plainBytesOf({ listed, entry }: EntryCheck): number {
  return listed?.plainBytes ?? entry.contentBytes;
}
