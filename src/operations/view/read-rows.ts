import type { ManifestEntry } from "../../archive/manifest.ts";
import type { ArchiveReader } from "../../archive/reader.ts";
import type { DataEntry } from "../contents/archive-contents.ts";
import { readPlain } from "../contents/read-data.ts";
import { openArchive } from "../open-archive.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";
import type { ReadRows } from "./layer-names.ts";

/** Tables with names are small; one that is larger than this is something else. */
const largestTableBytes = 512 * 1024 * 1024;

/** Reads tables of an archive; whoever makes it closes it. */
export interface RowReader {
  read: ReadRows;
  close(): Promise<void>;
}

/**
 * Reads tables of an archive that is open alone: what stands in others is read from those, which are opened when it is needed.
 * @param reader stays the caller's
 * @param named tables by the dump id of their data
 * @param archive its name, as it was opened
 */
export function rowReader(
  reader: ArchiveReader,
  named: ReadonlyMap<number, DataEntry>,
  archive: string,
  access: ArchiveAccess,
): RowReader {
  let chain: ArchiveReader | undefined;
  async function* read(entry: DataEntry): AsyncGenerator<Buffer> {
    if (isElsewhere(entry.listed)) chain ??= (await openArchive(archive, access)).reader;
    yield* readPlain(chain ?? reader, entry);
  }
  return {
    read(dumpId) {
      const entry = named.get(dumpId);
      if (entry === undefined) return undefined;
      const sizeBytes = entry.listed?.plainBytes ?? reader.entries.get(entry.name)?.contentBytes ?? 0;
      return sizeBytes > largestTableBytes ? undefined : read(entry);
    },
    async close() {
      await chain?.close();
    },
  };
}

function isElsewhere(listed: ManifestEntry | undefined): boolean {
  return listed?.from !== undefined || (listed?.parts ?? []).some(([archive]) => archive !== 0);
}
