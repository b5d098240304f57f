import { openZipArchive } from "../../../src/archive/zip-reader.ts";
import { openFileSource } from "../../../src/stores/file-source.ts";
import { readContents, tableDataEntries } from "../../../src/operations/contents/archive-contents.ts";
import { readPlain } from "../../../src/operations/contents/read-data.ts";
import { checkZipStructure } from "../../../src/archive/zip-check.ts";
import type { ZipEntry } from "../../../src/archive/zip-directory.ts";

/** Where an entry of a ZIP stands in its file. */
export interface EntryPlace {
  name: string;
  headerOffset: number;
  /** First byte behind the entry, its data descriptor included. */
  end: number;
  storedBytes: number;
  /** Of our framed tables: bytes of each frame. */
  frameBytes: number[];
}

/** What a sound archive holds, to compare a rescue of a damaged copy with. */
export interface SoundArchive {
  path: string;
  /** Rows in the order of the archive, by `schema.table`. */
  tables: ReadonlyMap<string, readonly string[]>;
  places: ReadonlyMap<string, EntryPlace>;
  sizeBytes: number;
  /** Where the central directory begins. */
  directoryOffset: number;
  /** Name of the entry with the rows of a table. */
  entryOf(table: string): string;
}

/** Reads a sound archive by the program's own reader, whose tests are elsewhere. */
export async function readSoundArchive(path: string): Promise<SoundArchive> {
  const source = await openFileSource(path);
  const reader = await openZipArchive(source);
  try {
    if ((await checkZipStructure(source)).length > 0) throw new Error(`${path} is not sound`);
    const contents = await readContents(reader);
    const tables = new Map<string, string[]>();
    const entryNames = new Map<string, string>();
    for (const entry of tableDataEntries(contents.toc)) {
      const data = contents.tables.get(entry.dumpId);
      if (data === undefined) continue;
      const chunks: Buffer[] = [];
      for await (const chunk of readPlain(reader, data)) chunks.push(Buffer.from(chunk));
      const text = Buffer.concat(chunks).toString("latin1");
      const name = `${entry.namespace ?? ""}.${entry.tag}`;
      tables.set(name, text.slice(0, -"\\.\n\n\n".length).split("\n").slice(0, -1));
      entryNames.set(name, data.name);
    }
    const directoryOffset = reader.zipFile?.directoryOffsetBytes ?? 0;
    const sorted = [...reader.entries.values()]
      .filter((entry): entry is ZipEntry => "localOffsetBytes" in entry)
      .toSorted((a, b) => a.localOffsetBytes - b.localOffsetBytes);
    const places = new Map<string, EntryPlace>();
    for (const [index, { name, localOffsetBytes, storedBytes }] of sorted.entries())
      places.set(name, {
        name,
        headerOffset: localOffsetBytes,
        end: sorted[index + 1]?.localOffsetBytes ?? directoryOffset,
        storedBytes,
        frameBytes: (contents.manifest?.entries.get(name)?.frames ?? []).map(([bytes]) => bytes),
      });
    return {
      path,
      tables,
      places,
      sizeBytes: source?.sizeBytes ?? 0,
      directoryOffset,
      entryOf(table) {
        const name = entryNames.get(table);
        if (name === undefined) throw new Error(`no rows of ${table}`);
        return name;
      },
    };
  } finally {
    await reader.close();
  }
}

/** Offset in the file of a byte of an entry's data, for entries with plain local headers and streamed ones alike. */
export function dataOffset(bytes: Buffer, place: EntryPlace): number {
  return (
    place.headerOffset + 30 + bytes.readUInt16LE(place.headerOffset + 26) + bytes.readUInt16LE(place.headerOffset + 28)
  );
}
