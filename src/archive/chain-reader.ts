import { damagedError } from "./damage.ts";
import { lookUp, readWhole } from "./entry-access.ts";
import { type EntryRange, rangesOf } from "./entry-places.ts";
import type { Manifest, ManifestEntry } from "./manifest-types.ts";
import type { ArchiveEntry, ArchiveReader } from "./reader.ts";

const readBytes = 1024 * 1024;

/**
 * An archive that refers to others as the whole one that it stands for: entries that stand in another archive look as if they
 * were here, and those in parts are put together. Bytes of another archive's entry that are taken in parts are not held against
 * its CRC-32: frames have digests in this one's manifest.
 * An entry whose bytes are not where the manifest says is left out, so that it shows as missing.
 * @param own holds the manifest, and what stands in it itself
 * @param bases by their ids in the manifest; closed together with `own`
 */
export function createChainReader(
  own: ArchiveReader,
  manifest: Manifest,
  bases: ReadonlyMap<number, ArchiveReader>,
): ArchiveReader {
  const { label } = own;
  const readerOf = (archive: number): ArchiveReader | undefined => (archive === 0 ? own : bases.get(archive));
  const entries = new Map<string, ArchiveEntry>();
  for (const entry of own.entries.values()) if (entry.isDirectory) entries.set(entry.name, entry);
  for (const listed of manifest.entries.values()) {
    const entry = virtualEntry(own, listed, readerOf);
    if (entry !== undefined) entries.set(listed.name, entry);
  }
  // What the manifest does not list is for who verifies to name.
  for (const entry of own.entries.values())
    if (!entries.has(entry.name) && !manifest.entries.has(entry.name)) entries.set(entry.name, entry);

  /** Where an entry stands whole. */
  const place = (name: string): { reader: ArchiveReader; name: string } | undefined => {
    const listed = manifest.entries.get(name);
    if (listed?.from !== undefined) return { reader: bases.get(listed.from.archive)!, name: listed.from.name };
    return listed?.parts === undefined ? { reader: own, name } : undefined;
  };
  const inParts = async (range: EntryRange, offsetBytes: number, lengthBytes: number): Promise<Buffer> =>
    await readerOf(range.archive)!.readRange(range.name, range.offsetBytes + offsetBytes, lengthBytes);
  const ranges = new Map<string, EntryRange[]>();
  const rangesFor = (name: string): EntryRange[] => {
    let found = ranges.get(name);
    if (found === undefined) ranges.set(name, (found = rangesOf(manifest.entries.get(name)!)));
    return found;
  };
  async function* readParts(name: string, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
    for (const range of rangesFor(name))
      for (let at = 0; at < range.lengthBytes; at += readBytes) {
        signal?.throwIfAborted();
        yield await inParts(range, at, Math.min(readBytes, range.lengthBytes - at));
      }
  }
  const read = (name: string, signal?: AbortSignal): AsyncIterable<Buffer> => {
    lookUp(label, entries, name);
    const whole = place(name);
    return whole === undefined
      ? readParts(name, signal)
      : whole.reader.read(whole.name, signal === undefined ? {} : { signal });
  };

  return {
    label,
    kind: own.kind,
    comment: own.comment,
    manifest,
    chain: { own, bases },
    entries,
    read: (name, options = {}) => read(name, options.signal),
    async readAll(name, maxBytes) {
      return await readWhole(label, lookUp(label, entries, name), maxBytes, read(name));
    },
    async readRange(name, offsetBytes, lengthBytes) {
      const entry = lookUp(label, entries, name);
      const whole = place(name);
      if (whole !== undefined) return await whole.reader.readRange(whole.name, offsetBytes, lengthBytes);
      const end = offsetBytes + lengthBytes;
      if (!(offsetBytes >= 0 && lengthBytes >= 0 && end <= entry.contentBytes))
        throw damagedError(label, {
          what: "range is not inside the entry",
          entry: name,
          expected: `bytes ${offsetBytes} to ${end}`,
          found: `${entry.contentBytes} bytes`,
        });
      const found: Buffer[] = [];
      const all = rangesFor(name);
      for (let index = firstAt(all, offsetBytes); index < all.length; index += 1) {
        const range = all[index]!;
        if (range.startBytes >= end) break;
        const from = Math.max(0, offsetBytes - range.startBytes);
        const to = Math.min(range.lengthBytes, end - range.startBytes);
        if (to > from) found.push(await inParts(range, from, to - from));
      }
      return found.length === 1 && found[0] !== undefined ? found[0] : Buffer.concat(found);
    },
    async close() {
      await own.close();
      for (const base of bases.values()) await base.close();
    },
  };
}

/** The range that holds a byte: the last one that begins at it or before. */
function firstAt(ranges: readonly EntryRange[], offsetBytes: number): number {
  let [low, high] = [0, ranges.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (ranges[middle]!.startBytes <= offsetBytes) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** An entry as it looks to who reads; undefined when its bytes are not there. */
function virtualEntry(
  own: ArchiveReader,
  listed: ManifestEntry,
  readerOf: (archive: number) => ArchiveReader | undefined,
): ArchiveEntry | undefined {
  const { name, from } = listed;
  if (from !== undefined) {
    const found = readerOf(from.archive)?.entries.get(from.name);
    return found === undefined || found.isDirectory ? undefined : { ...found, name };
  }
  if (listed.parts === undefined) return own.entries.get(name);
  const isThere = rangesOf(listed).every(({ archive, name: part, offsetBytes, lengthBytes }) => {
    const found = readerOf(archive)?.entries.get(part);
    return found !== undefined && found.method === "stored" && offsetBytes + lengthBytes <= found.storedBytes;
  });
  const member = own.entries.get(name);
  // The member of this archive holds its own frames and nothing else.
  if (!isThere || (member?.storedBytes ?? 0) !== listed.storedBytes) return undefined;
  const { storedBytes, contentBytes } = listed;
  return { name, isDirectory: false, method: "stored", storedBytes, contentBytes, crc32: undefined };
}
