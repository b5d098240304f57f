import { parseEntryName, tocEntryName } from "../../archive/entry-names.ts";
import type { Codec } from "../../archive/codec.ts";
import type { ManifestEntry } from "../../archive/manifest.ts";
import type { DamagedArchive } from "../../archive/rescue/damaged-archive.ts";
import { type PartialManifest, readPartialManifest } from "../../archive/rescue/partial-manifest.ts";
import { AppError, messageOf } from "../../errors.ts";
import type { Toc } from "../../postgres/toc.ts";
import { decodeToc } from "../../postgres/toc-decode.ts";
import { readWitnessed } from "./witness.ts";

/** A member of a damaged archive by what it is: its name, its codec, and what a manifest says about it. */
export interface DamagedMember {
  name: string;
  codec: Codec;
  listed: ManifestEntry | undefined;
}

/** What is left of an archive, sorted by what it is. Members that only the manifest knows are among them. */
export interface DamagedContents {
  archive: DamagedArchive;
  manifest: PartialManifest;
  /** Undefined without a sound one. */
  toc: Toc | undefined;
  /** Why there is none. */
  tocProblem: string | undefined;
  /** By the dump id of the TABLE DATA entry. */
  tables: ReadonlyMap<number, DamagedMember>;
  largeObjects: ReadonlyMap<string, DamagedMember>;
  /** Records by component and number; a component with an index has a map, even an empty one. */
  records: ReadonlyMap<string, ReadonlyMap<number, DamagedMember>>;
}

/**
 * Sorts what is left of an archive.
 * @throws RefusedError for a format that this version does not know
 */
export async function readDamagedContents(archive: DamagedArchive): Promise<DamagedContents> {
  const manifest = await readPartialManifest(archive);
  const tables = new Map<number, DamagedMember>();
  const largeObjects = new Map<string, DamagedMember>();
  const records = new Map<string, Map<number, DamagedMember>>();
  for (const name of new Set([...archive.entries.keys(), ...manifest.entries.keys()])) {
    const parsed = parseEntryName(name);
    const listed = manifest.entries.get(name);
    // Of two names that lead to one place, the one that the manifest does not know is the wrong one.
    if (parsed === undefined || (manifest.state === "sound" && listed === undefined)) continue;
    if (parsed.kind === "table") tables.set(parsed.dumpId, { name, codec: parsed.codec, listed });
    else if (parsed.kind === "large-object") largeObjects.set(parsed.oid, { name, codec: parsed.codec, listed });
    else if (parsed.kind === "index") recordsOf(records, parsed.component);
    else if (parsed.kind === "record")
      recordsOf(records, parsed.component).set(parsed.id, { name, codec: parsed.codec, listed });
  }
  return { archive, manifest, tables, largeObjects, records, ...(await readToc(archive, manifest)) };
}

function recordsOf(records: Map<string, Map<number, DamagedMember>>, component: string): Map<number, DamagedMember> {
  const known = records.get(component);
  if (known !== undefined) return known;
  const fresh = new Map<number, DamagedMember>();
  records.set(component, fresh);
  return fresh;
}

async function readToc(
  archive: DamagedArchive,
  manifest: PartialManifest,
): Promise<Pick<DamagedContents, "toc" | "tocProblem">> {
  if (!archive.entries.has(tocEntryName)) return { toc: undefined, tocProblem: "it is not in the archive" };
  const { bytes, isProven } = await readWitnessed(archive, tocEntryName, manifest.entries.get(tocEntryName));
  if (!isProven) return { toc: undefined, tocProblem: "its digest differs, so that any statement in it may be wrong" };
  try {
    return { toc: decodeToc(bytes), tocProblem: undefined };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { toc: undefined, tocProblem: messageOf(error) };
  }
}
