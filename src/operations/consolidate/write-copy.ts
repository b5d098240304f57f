import { createHash } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { type Codec, compressBlock, decompressBlock } from "../../archive/codec.ts";
import { damagedError } from "../../archive/damage.ts";
import {
  componentDirectoryName,
  componentRecordName,
  componentsDirectoryName,
  largeObjectEntryName,
  parseEntryName,
  postgresDirectoryName,
  tableEntryName,
} from "../../archive/entry-names.ts";
import {
  type Manifest,
  type ManifestEntry,
  type ManifestHeader,
  createManifestBuilder,
} from "../../archive/manifest.ts";
import type { ArchiveWriter, EntryTotals } from "../../archive/writer.ts";
import { signBytes } from "../../encryption/signature.ts";
import type { StageProgress } from "../../progress.ts";
import type { ArchiveContents } from "../contents/archive-contents.ts";
import { namedDamage } from "../contents/named-damage.ts";
import { plainContent } from "../contents/plain-content.ts";
import { plainEntry } from "../backup/plain-entry.ts";
import { checkedFrames } from "./checked-frames.ts";

/** What {@link writeCopy} needs. */
export interface CopyOptions {
  contents: ArchiveContents;
  /** Of the archive that is copied. */
  manifest: Manifest;
  /** Of the one that is written. */
  header: ManifestHeader;
  compression: "zstd" | "deflate" | "none";
  level: number | undefined;
  /** Finished here; aborted by the caller when this throws. */
  writer: ArchiveWriter;
  /** Signs the manifest; undefined: it is not signed. */
  signKey: KeyObject | undefined;
  progress: StageProgress;
  signal: AbortSignal;
}

/** What was written. */
export interface WrittenCopy {
  sizeBytes: number;
  tables: number;
  rows: number;
  blobs: number;
}

/** Writes every entry of an archive, wherever its bytes stand, into one that stands for itself. */
export async function writeCopy(options: CopyOptions): Promise<WrittenCopy> {
  const { contents, manifest, writer, signKey, signal } = options;
  const builder = createManifestBuilder(options.header);
  const directories = new Set<string>();
  const begin = async (directory: string): Promise<void> => {
    if (directories.has(directory)) return;
    directories.add(directory);
    await writer.addDirectory(directory);
  };
  await begin(postgresDirectoryName);
  for (const listed of manifest.entries.values()) {
    signal.throwIfAborted();
    if (listed.name.startsWith("component/")) {
      await begin(componentsDirectoryName);
      await begin(componentDirectoryName(listed.name.split("/")[1] ?? ""));
    }
    builder.addEntry(await copyEntry(options, listed));
    options.progress.advance(listed.plainBytes);
  }
  await begin(componentsDirectoryName);
  for (const loss of manifest.losses) builder.addLoss(loss);
  const written = await builder.writeTo(writer, signKey && ((bytes) => signBytes(bytes, signKey)));
  await writer.finish(written.comment);
  const { rows, blobs } = written.end;
  return { sizeBytes: writer.bytesWritten, tables: contents.tables.size, rows, blobs };
}

async function copyEntry(options: CopyOptions, listed: ManifestEntry): Promise<ManifestEntry> {
  const { codec } = listed;
  const isKept = codec === "none" || options.header.options.compression === options.manifest.header.options.compression;
  if (!isKept) return await convertEntry(options, listed);
  return listed.parts === undefined ? await copyWhole(options, listed) : await copyParts(options, listed);
}

/** Copies an entry that stands whole somewhere, against its digest. */
async function copyWhole({ contents, writer, signal }: CopyOptions, listed: ManifestEntry): Promise<ManifestEntry> {
  const { reader } = contents;
  const { name } = listed;
  const deflate = reader.entries.get(name)?.method === "deflate";
  const hash = createHash("sha256");
  const open = await writer.openEntry(name, { deflate });
  for await (const chunk of reader.read(name, { signal })) {
    hash.update(chunk);
    await open.write(chunk);
  }
  const entry = await open.close();
  const found = hash.digest("hex");
  if (found !== listed.sha256)
    throw damagedError(reader.label, { what: "sha256", entry: name, expected: listed.sha256, found });
  return ownLine(listed, entry);
}

/** The line of an entry whose bytes stay as they are, and stand in the new archive now. */
function ownLine({ from: _from, parts: _parts, ...line }: ManifestEntry, entry: EntryTotals): ManifestEntry {
  const { storedBytes, contentBytes, sha256 } = entry;
  return { ...line, storedBytes, contentBytes, sha256 };
}

/** Copies frames from wherever they stand, each against its digest. */
async function copyParts(options: CopyOptions, listed: ManifestEntry): Promise<ManifestEntry> {
  const { contents, writer, signal } = options;
  const open = await writer.openEntry(listed.name);
  for await (const { stored } of checkedFrames(contents, listed, signal)) await open.write(stored);
  return ownLine(listed, await open.close());
}

/** Writes an entry with another codec. */
async function convertEntry(options: CopyOptions, listed: ManifestEntry): Promise<ManifestEntry> {
  const { contents, writer, compression, level, signal } = options;
  const parsed = parseEntryName(listed.name);
  const codec: Codec = compression === "deflate" ? "gzip" : compression;
  if (parsed?.kind === "record") {
    const name = componentRecordName(parsed.component, parsed.id, "none");
    const open = await writer.openEntry(name, { deflate: compression === "deflate" });
    for await (const chunk of plainOf(options, listed)) await open.write(chunk);
    return plainEntry(await open.close());
  }
  if (parsed?.kind !== "table" && parsed?.kind !== "large-object")
    throw damagedError(contents.reader.label, {
      what: "codec",
      entry: listed.name,
      expected: "none for what is neither rows nor a file",
      found: listed.codec,
    });
  const name = parsed.kind === "table" ? tableEntryName(parsed.dumpId, codec) : largeObjectEntryName(parsed.oid, codec);
  const open = await writer.openEntry(name);
  const frames: [number, number, number][] = [];
  for await (const frame of checkedFrames(contents, listed, signal)) {
    const { stored: before, plainBytes, rows } = frame;
    const plain = frame.plain ?? (await decompressBlock(listed.codec, before, plainBytes));
    const stored = await compressBlock(codec, level, plain);
    await open.write(stored);
    frames.push([stored.length, plainBytes, rows]);
  }
  const { table, rows, plainBytes } = listed;
  const { storedBytes, contentBytes, sha256 } = await open.close();
  return {
    type: "entry",
    name,
    storedBytes,
    contentBytes,
    sha256,
    codec,
    plainBytes,
    ...(table === undefined ? {} : { table }),
    ...(rows === undefined ? {} : { rows }),
    ...(parsed.kind === "large-object" && codec === "none" ? {} : { frames }),
  };
}

/** A record's plain bytes; its stored ones are held against their digest. */
async function* plainOf({ contents, signal }: CopyOptions, listed: ManifestEntry): AsyncGenerator<Buffer> {
  const { reader } = contents;
  const hash = createHash("sha256");
  async function* stored(): AsyncGenerator<Buffer> {
    for await (const chunk of reader.read(listed.name, { signal })) {
      hash.update(chunk);
      yield chunk;
    }
  }
  try {
    yield* plainContent(stored(), { codec: listed.codec, listed });
  } catch (error) {
    throw namedDamage(reader.label, listed.name, error);
  }
  const found = hash.digest("hex");
  if (found === listed.sha256) return;
  throw damagedError(reader.label, { what: "sha256", entry: listed.name, expected: listed.sha256, found });
}
