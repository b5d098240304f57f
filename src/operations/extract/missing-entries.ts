import { parseEntryName } from "../../archive/entry-names.ts";
import type { ArchiveEntry } from "../../archive/reader.ts";
import type { ArchiveContents, DataEntry } from "../contents/archive-contents.ts";

/** What an archive's manifest lists, and the archive does not hold. */
export interface MissingEntries {
  /** Rows of tables by the dump id of their TABLE DATA entry. */
  tables: ReadonlyMap<number, DataEntry>;
  /** Large objects by OID. */
  largeObjects: ReadonlyMap<string, DataEntry>;
  /** Components whose index is not there, so that nobody knows what their files are called. */
  components: ReadonlySet<string>;
}

/** Finds what is missing; records of files are not looked for, since their index names them. */
export function missingEntries({ reader, manifest }: Pick<ArchiveContents, "reader" | "manifest">): MissingEntries {
  const tables = new Map<number, DataEntry>();
  const largeObjects = new Map<string, DataEntry>();
  const components = new Set<string>();
  const blockDigest = manifest?.header.blockDigest;
  for (const [name, listed] of manifest?.entries ?? []) {
    if (reader.entries.has(name)) continue;
    const parsed = parseEntryName(name);
    if (parsed?.kind === "table") tables.set(parsed.dumpId, { name, codec: parsed.codec, listed, blockDigest });
    else if (parsed?.kind === "large-object")
      largeObjects.set(parsed.oid, { name, codec: parsed.codec, listed, blockDigest });
    else if (parsed?.kind === "index") components.add(parsed.component);
  }
  return { tables, largeObjects, components };
}

/** Stands for an entry that is not there: it can be asked for, and reading it says what is wrong. */
export function absentEntry(name: string): ArchiveEntry {
  return { name, isDirectory: false, method: "stored", storedBytes: 0, contentBytes: 0, crc32: undefined };
}
