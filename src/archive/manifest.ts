import { createHash } from "node:crypto";
import { damagedError, printable } from "./damage.ts";
import { manifestEntryName, parseEntryName, signatureEntryName } from "./entry-names.ts";
import { InvalidValue } from "./json-checks.ts";
import { decodeEnd, decodeEntry, decodeHeader, decodeLoss } from "./manifest-lines.ts";
import {
  type Manifest,
  type ManifestEnd,
  type ManifestEntry,
  type ManifestHeader,
  type ManifestLoss,
  digestOfComment,
  manifestComment,
} from "./manifest-types.ts";
import { lineProblem, manifestValues } from "./manifest-scan.ts";
import { checkReferences } from "./manifest-references.ts";
import { PackedLines } from "./packed-lines.ts";
import type { ArchiveReader } from "./reader.ts";
import type { ArchiveWriter, EntryTotals } from "./writer.ts";

export type {
  BaseArchive,
  EntryPart,
  Manifest,
  ManifestEnd,
  ManifestEntry,
  ManifestHeader,
  ManifestLoss,
} from "./manifest-types.ts";

/** A manifest that was written. */
export interface WrittenManifest {
  /** Digest of the plain lines, lower-case hex. */
  sha256: string;
  /** For `ArchiveWriter.finish`. */
  comment: string;
  end: ManifestEnd;
  entry: EntryTotals;
}

/** Takes the manifest's lines as they come, in flat memory. */
export interface ManifestBuilder {
  addEntry(entry: ManifestEntry): void;
  addLoss(loss: ManifestLoss): void;
  /** Totals so far. */
  readonly totals: Readonly<ManifestEnd>;
  /**
   * Adds the end line and writes `manifest.jsonl`, deflated, behind which nothing but its signature may come; once only.
   * @param sign makes the signature of the plain manifest, which it needs whole; none when left out
   */
  writeTo(writer: ArchiveWriter, sign?: (manifest: Buffer) => Uint8Array): Promise<WrittenManifest>;
  /** Writes the same manifest once more, after {@link writeTo}, into something else; gives its comment. */
  copyTo(writer: ArchiveWriter): Promise<string>;
}

/**
 * Begins a manifest.
 * @param header or what gives it when all entries are known, with the ids of the archives that they refer to
 */
export function createManifestBuilder(
  header: ManifestHeader | ((referred: ReadonlySet<number>) => ManifestHeader),
): ManifestBuilder {
  const lines = new PackedLines();
  const referred = new Set<number>();
  const end: ManifestEnd = { type: "end", entries: 0, losses: 0, rows: 0, blobs: 0, plainBytes: 0 };
  const add = (line: ManifestEntry | ManifestLoss | ManifestEnd): void => lines.add(JSON.stringify(line));
  const writeLines = async (writer: ArchiveWriter): Promise<{ first: Buffer; sha256: string; entry: EntryTotals }> => {
    const hash = createHash("sha256");
    const open = await writer.openEntry(manifestEntryName, { deflate: true });
    const first = Buffer.from(`${JSON.stringify(typeof header === "function" ? header(referred) : header)}\n`);
    hash.update(first);
    await open.write(first);
    for await (const chunk of lines.read()) {
      hash.update(chunk);
      await open.write(chunk);
    }
    const entry = await open.close();
    return { first, sha256: hash.digest("hex"), entry };
  };
  return {
    totals: end,
    addEntry(entry) {
      add(entry);
      end.entries++;
      end.rows += entry.rows ?? 0;
      end.plainBytes += entry.plainBytes;
      if (parseEntryName(entry.name)?.kind === "record") end.blobs++;
      if (entry.from !== undefined) referred.add(entry.from.archive);
      for (const [archive] of entry.parts ?? []) if (archive !== 0) referred.add(archive);
    },
    addLoss(loss) {
      add(loss);
      end.losses++;
    },
    async writeTo(writer, sign) {
      add(end);
      const { first, sha256, entry } = await writeLines(writer);
      if (sign !== undefined)
        await writer.addEntry(signatureEntryName, sign(Buffer.concat([first, await lines.whole()])));
      return { sha256, comment: manifestComment(sha256), end, entry };
    },
    copyTo: async (writer) => manifestComment((await writeLines(writer)).sha256),
  };
}

/** What a sound manifest of such an archive stays below; a bomb does not. */
function manifestLimitBytes(reader: ArchiveReader): number {
  let limit = 64 * 1024 * 1024;
  for (const { storedBytes } of reader.entries.values()) limit += 4096 + storedBytes;
  return limit;
}

/**
 * Reads and validates the manifest: first its digest against the archive's comment, then every line.
 * That the entries are as it says is for whoever reads them to compare.
 * @returns undefined for an archive without one, as NextGIS Web writes it
 * @throws DamagedError for anything wrong; RefusedError for a format that is newer than this program
 */
export async function readManifest(reader: ArchiveReader): Promise<Manifest | undefined> {
  if (reader.manifest !== undefined) return reader.manifest;
  const digest = await manifestDigest(reader);
  return digest === undefined ? undefined : await parseManifest(reader.label, reader.read(manifestEntryName));
}

/**
 * The manifest's digest, which is what an archive is known by, after it was compared with the manifest itself.
 * @param limitBytes that a manifest may have; what one of an archive with such entries can have when left out
 * @returns undefined for an archive without manifest
 * @throws DamagedError
 */
export async function manifestDigest(
  reader: ArchiveReader,
  limitBytes: number = manifestLimitBytes(reader),
): Promise<string | undefined> {
  const { label } = reader;
  const damage = (what: string, expected: string, found: string): Error =>
    damagedError(label, { what, entry: manifestEntryName, expected, found: printable(found) });
  const digest = digestOfComment(reader.comment);
  const entry = reader.entries.get(manifestEntryName);
  if (digest === undefined && entry === undefined) return undefined;
  if (entry === undefined) throw damage("missing manifest", "one, as the archive's comment names its digest", "none");
  if (digest === undefined) {
    const found = reader.comment === "" ? "none" : reader.comment;
    throw damage("no digest of the manifest", "one in the comment (in a folder: manifest.sha256)", found);
  }
  if (entry.contentBytes > limitBytes) {
    throw damage("manifest is too large", `at most ${limitBytes} bytes`, `${entry.contentBytes} bytes`);
  }
  const hash = createHash("sha256");
  for await (const chunk of reader.read(manifestEntryName)) hash.update(chunk);
  const found = hash.digest("hex");
  if (found !== digest) throw damage("sha256 of the manifest differs from the comment's", digest, found);
  return digest;
}

/**
 * Validates a manifest's lines.
 * @param label of the archive
 * @throws DamagedError, RefusedError
 */
export async function parseManifest(label: string, content: AsyncIterable<Buffer>): Promise<Manifest> {
  const problem = lineProblem(label);
  const manifest: Omit<Manifest, "header" | "end"> & Partial<Manifest> = { entries: new Map(), losses: [] };
  const totals: ManifestEnd = { type: "end", entries: 0, losses: 0, rows: 0, blobs: 0, plainBytes: 0 };
  let lines = 0;
  for await (const { number, value } of manifestValues(label, content)) {
    lines = number;
    try {
      takeLine(manifest, totals, value, number);
    } catch (error) {
      if (error instanceof InvalidValue) throw problem(number, error.expected, error.found);
      throw error;
    }
  }
  const { header, end, entries, losses } = manifest;
  if (header === undefined) throw problem(1, "a header line", "an empty manifest");
  if (end === undefined) throw problem(lines + 1, "the end line", "the end of the manifest");
  for (const key of ["entries", "losses", "rows", "blobs", "plainBytes"] as const) {
    if (end[key] !== totals[key])
      throw problem(lines, `${totals[key]} as end.${key}, by the lines before`, `${end[key]}`);
  }
  if (header.base !== null)
    try {
      checkReferences(header, header.base, entries.values());
    } catch (error) {
      if (error instanceof InvalidValue) throw problem(lines, error.expected, error.found);
      throw error;
    }
  return { header, entries, losses, end };
}

function takeLine(
  manifest: Omit<Manifest, "header" | "end"> & Partial<Manifest>,
  totals: ManifestEnd,
  value: unknown,
  number: number,
): void {
  const type = typeof value === "object" && value !== null && "type" in value ? value.type : undefined;
  if ((type === "header") !== (number === 1)) throw new InvalidValue("the header as the first line only", String(type));
  if (manifest.end !== undefined) throw new InvalidValue("nothing after the end line", String(type));
  switch (type) {
    case "header":
      manifest.header = decodeHeader(value);
      return;
    case "entry": {
      const entry = decodeEntry(value, manifest.header?.format ?? 1);
      if (manifest.entries.has(entry.name)) throw new InvalidValue("each entry once", `${entry.name} again`);
      manifest.entries.set(entry.name, entry);
      totals.entries++;
      totals.rows += entry.rows ?? 0;
      totals.plainBytes += entry.plainBytes;
      if (parseEntryName(entry.name)?.kind === "record") totals.blobs++;
      return;
    }
    case "loss":
      manifest.losses.push(decodeLoss(value));
      totals.losses++;
      return;
    case "end":
      manifest.end = decodeEnd(value);
      return;
    default:
      throw new InvalidValue("a line of type header, entry, loss or end", String(type));
  }
}
