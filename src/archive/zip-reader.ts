import type { ByteSource } from "../bytes.ts";
import { damagedError, throwDamage } from "./damage.ts";
import { lookUp, readWhole } from "./entry-access.ts";
import type { ArchiveReader, ZipFile } from "./reader.ts";
import { type ZipEntry, readZipDirectory } from "./zip-directory.ts";
import { readZipEnd } from "./zip-end-records.ts";
import { openZipData, readZipContent } from "./zip-entry-data.ts";

/**
 * Opens a ZIP: its end records and central directory are read and checked, its data only when asked for.
 * The reader closes the source; when this throws, the source is still the caller's.
 * @param isWanted says of an entry whether the reader is to know it; hundreds of thousands that nobody reads take 400 bytes each
 * @throws DamagedError for anything that is no sound ZIP, or one that must not be extracted
 */
export async function openZipArchive(source: ByteSource, isWanted?: (name: string) => boolean): Promise<ArchiveReader> {
  const { label } = source;
  const report = throwDamage(label);
  const end = await readZipEnd(source, report);
  if (end === undefined) throw new Error("a missing end record is reported");
  const entries = new Map<string, ZipEntry>();
  for (const entry of await readZipDirectory(source, end, report, isWanted)) {
    if (entry.name !== "./") entries.set(entry.name, entry);
  }
  const dataOffsets = new Map<string, Promise<number>>();
  const dataOffset = (entry: ZipEntry): Promise<number> => {
    let offset = dataOffsets.get(entry.name);
    if (offset === undefined) {
      offset = openZipData(source, entry, end.directoryOffsetBytes, 0).then((data) => data.dataOffsetBytes);
      dataOffsets.set(entry.name, offset);
    }
    return offset;
  };
  const read = (name: string, signal?: AbortSignal): AsyncGenerator<Buffer> =>
    readZipContent(source, lookUp(label, entries, name), end.directoryOffsetBytes, signal);

  return {
    label,
    kind: "zip",
    comment: end.comment,
    zipFile: zipFileOf(source, end.directoryOffsetBytes),
    entries,
    read: (name, options = {}) => read(name, options.signal),
    async readAll(name, maxBytes) {
      return await readWhole(label, lookUp(label, entries, name), maxBytes, read(name));
    },
    async readRange(name, offsetBytes, lengthBytes) {
      const entry = lookUp(label, entries, name);
      const end_ = offsetBytes + lengthBytes;
      if (entry.method !== "stored" || !(offsetBytes >= 0 && lengthBytes >= 0 && end_ <= entry.storedBytes)) {
        throw damagedError(label, {
          what: "range is not inside the entry",
          entry: name,
          expected: `bytes ${offsetBytes} to ${end_} of a stored entry`,
          found: `${entry.storedBytes} ${entry.method} bytes`,
        });
      }
      return await source.read((await dataOffset(entry)) + offsetBytes, lengthBytes);
    },
    close: () => source.close(),
  };
}

function zipFileOf(source: ByteSource, directoryOffsetBytes: number): ZipFile {
  const { sealed, sizeBytes } = source;
  if (sealed === undefined) return { stored: source, sizeBytes, directoryOffsetBytes };
  const { stored, ...sealing } = sealed;
  return { stored, sizeBytes, directoryOffsetBytes, sealed: sealing };
}
