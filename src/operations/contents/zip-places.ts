import type { ArchiveReader } from "../../archive/reader.ts";
import type { ZipEntry } from "../../archive/zip-directory.ts";
import type { ByteSource } from "../../bytes.ts";
import type { ThreadArchive } from "./thread-source.ts";

/** Where a thread finds the whole content of an entry. */
export interface ZipPlace {
  /** Which of the archives. */
  archive: number;
  entry: ZipEntry;
}

/** The files of an archive, one or a chain of them, and where in these its entries stand. */
export interface ZipPlaces {
  archives: readonly ThreadArchive[];
  /** The stored bytes of each. */
  stored: readonly ByteSource[];
  /** Undefined for what threads cannot read by themselves: an entry in parts, or one that is not there. */
  placeOf(name: string): ZipPlace | undefined;
}

/** Undefined where not all of them are ZIP files. */
export function zipPlaces(reader: ArchiveReader): ZipPlaces | undefined {
  const { chain, manifest } = reader;
  const readers = chain === undefined ? [reader] : [chain.own, ...chain.bases.values()];
  const files = readers.flatMap(({ label, zipFile }) => (zipFile === undefined ? [] : { label, ...zipFile }));
  if (files.length < readers.length) return undefined;
  const stored = files.map((file) => file.stored);
  const archives = files.map(({ stored: { fd }, label, sizeBytes, directoryOffsetBytes, sealed }) => ({
    fd,
    label,
    sizeBytes,
    directoryOffsetBytes,
    sealed,
  }));
  if (chain === undefined) return { archives, stored, placeOf: (name) => placeIn(reader, 0, name) };
  const places = new Map([...chain.bases.keys()].map((id, index) => [id, index + 1]));
  return {
    archives,
    stored,
    placeOf(name) {
      const listed = manifest?.entries.get(name);
      if (listed?.parts !== undefined || !reader.entries.has(name)) return undefined;
      if (listed?.from === undefined) return placeIn(chain.own, 0, name);
      const archive = places.get(listed.from.archive);
      return archive === undefined ? undefined : placeIn(readers[archive], archive, listed.from.name);
    },
  };
}

function placeIn(reader: ArchiveReader | undefined, archive: number, name: string): ZipPlace | undefined {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- entries of a ZIP's reader
  const entry = reader?.entries.get(name) as ZipEntry | undefined;
  return entry && { archive, entry };
}
