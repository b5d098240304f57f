import { createHash } from "node:crypto";
import { manifestEntryName, parseEntryName } from "../../archive/entry-names.ts";
import type { ManifestEntry, ManifestHeader, ManifestLoss } from "../../archive/manifest.ts";
import { decodeLoss } from "../../archive/manifest-lines.ts";
import { referencesOf } from "../../archive/manifest-references.ts";
import { manifestValues, readManifestEntries } from "../../archive/manifest-scan.ts";
import type { ArchiveReader } from "../../archive/reader.ts";
import type { Toc } from "../../postgres/toc.ts";
import { type DataEntry, tableDataEntries } from "../contents/archive-contents.ts";
import type { PartDigest, PartPiece, PartSums } from "./part-sums.ts";
import { RecordSizes } from "./record-sizes.ts";

/** What the entries of an archive tell besides their sums. */
export interface ListedEntries {
  /** Null where the archive does not say. */
  rows: number | null;
  /** Sizes of records by component. */
  files: ReadonlyMap<string, RecordSizes>;
  /** Tables that names stand in, by the dump id of their data. */
  named: ReadonlyMap<number, DataEntry>;
  /** Bytes that are taken of each archive that is referred to, by its id. */
  referredBytes: ReadonlyMap<number, number>;
}

interface Listing {
  rows: number | null;
  files: Map<string, RecordSizes>;
  named: Map<number, DataEntry>;
  referredBytes: Map<number, number>;
  tables: ReadonlyMap<number, { schema: string; name: string }>;
  sums: PartSums;
}

const namedTables = new Set(["public.resource", "public.vector_layer"]);

/**
 * Adds up tables and large objects, and gathers what is needed for the rest, one entry after another.
 * @param header of its manifest; undefined for an archive of NextGIS Web itself
 * @throws DamagedError
 */
export async function listEntries(
  reader: ArchiveReader,
  header: ManifestHeader | undefined,
  toc: Toc,
  sums: PartSums,
): Promise<ListedEntries> {
  const tables = new Map(
    tableDataEntries(toc).map(({ dumpId, namespace, tag }) => [dumpId, { schema: namespace ?? "", name: tag }]),
  );
  const listing: Listing = {
    rows: header === undefined ? null : 0,
    files: new Map(),
    named: new Map(),
    referredBytes: new Map(),
    tables,
    sums,
  };
  if (header === undefined) {
    for (const { name, isDirectory, storedBytes, contentBytes } of reader.entries.values())
      if (!isDirectory) take(listing, name, { plainBytes: contentBytes, storedBytes }, undefined, undefined);
    return listing;
  }
  for (const folder of ["postgres/", "component/"] as const)
    for await (const entry of readManifestEntries(reader, header, folder)) {
      // A line that is written in another way comes with either folder.
      if (!entry.name.startsWith(folder)) continue;
      for (const [archive, , , lengthBytes] of referencesOf(entry))
        listing.referredBytes.set(archive, (listing.referredBytes.get(archive) ?? 0) + lengthBytes);
      const { rows, plainBytes } = entry;
      const storedBytes = reader.entries.get(entry.name)?.storedBytes ?? 0;
      const digests = folder === "postgres/" ? digestsOf(entry, header) : [];
      take(listing, entry.name, { rows, plainBytes, storedBytes, digests }, entry, header);
    }
  return listing;
}

function take(
  listing: Listing,
  name: string,
  piece: PartPiece,
  listed: ManifestEntry | undefined,
  header: ManifestHeader | undefined,
): void {
  const parsed = parseEntryName(name);
  if (parsed?.kind === "table") {
    const table = listed?.table ?? listing.tables.get(parsed.dumpId);
    if (table === undefined) return;
    listing.sums.addTable(table.schema, table.name, piece);
    if (listing.rows !== null) listing.rows += piece.rows ?? 0;
    if (namedTables.has(`${table.schema}.${table.name}`))
      listing.named.set(parsed.dumpId, { name, codec: parsed.codec, listed, blockDigest: header?.blockDigest });
  } else if (parsed?.kind === "large-object") listing.sums.addLargeObject(piece);
  else if (parsed?.kind === "record") {
    let sizes = listing.files.get(parsed.component);
    if (sizes === undefined) listing.files.set(parsed.component, (sizes = new RecordSizes()));
    sizes.set(parsed.id, piece.plainBytes, piece.storedBytes);
  }
}

/** Frames that are cut alike are told apart by the digests of archives of the same chain, and by what is stored of them. */
function digestsOf({ codec, sha256, frames, digests, parts }: ManifestEntry, header: ManifestHeader): PartDigest[] {
  const { blockDigest, options } = header;
  const plainSizes = (frames ?? []).map(([, plainBytes]) => plainBytes);
  const cut = createHash("sha256").update(plainSizes.join()).digest("hex");
  return [
    ...(digests === undefined
      ? []
      : [{ kind: "frames", make: `${JSON.stringify(blockDigest)} ${cut}`, value: digests } as const]),
    // In parts it is of those alone that stand here.
    ...(parts === undefined
      ? [{ kind: "stored", make: `${codec} ${options.level} ${cut}`, value: sha256 } as const]
      : []),
  ];
}

const shownLosses = 1000;

/** What an archive's manifest says was lost, a line each; the first of them. @throws DamagedError */
export async function readLosses(reader: ArchiveReader): Promise<string[]> {
  const losses: string[] = [];
  if (!reader.entries.has(manifestEntryName)) return losses;
  const isEntry = (text: string): boolean => text.startsWith('{"type":"entry"');
  for await (const { value } of manifestValues(reader.label, reader.read(manifestEntryName), isEntry)) {
    if (typeof value !== "object" || value === null || !("type" in value) || value.type !== "loss") continue;
    if (losses.length === shownLosses) break;
    losses.push(lossText(decodeLoss(value)));
  }
  return losses;
}

/** A loss in a line. */
export function lossText({ kind, what, expected, found }: ManifestLoss): string {
  return [
    `${what}: ${kind}`,
    ...(expected === undefined ? [] : [`expected ${expected}`]),
    ...(found === undefined ? [] : [`found ${found}`]),
  ].join(", ");
}
