import { inflateRawSync } from "node:zlib";
import { type ZipEntry, readZipDirectory } from "../../../src/archive/zip-directory.ts";
import { readZipEnd } from "../../../src/archive/zip-end-records.ts";
import { openZipData } from "../../../src/archive/zip-entry-data.ts";
import { throwDamage } from "../../../src/archive/damage.ts";
import { createMemorySource } from "../../fixtures/memory-bytes.ts";

/** A run of bytes from `start` to before `end`. */
export interface ByteRange {
  start: number;
  end: number;
}

/** Where an entry's data stand in a sound ZIP. */
export interface EntryData extends ByteRange {
  entry: ZipEntry;
}

/** Where the parts of a sound ZIP stand. */
export interface ZipLayout {
  data: readonly EntryData[];
  /** Offsets of the central headers. */
  centralHeaders: readonly number[];
  /** Everything that is no entry's data: headers, descriptors, directory, end. */
  structure: readonly ByteRange[];
}

/** Finds the parts of a sound ZIP. */
export async function zipLayout(bytes: Buffer): Promise<ZipLayout> {
  const source = createMemorySource(bytes);
  const report = throwDamage("sound archive");
  const end = await readZipEnd(source, report);
  if (end === undefined) throw new Error("no end record");
  const entries = await readZipDirectory(source, end, report);
  const data: EntryData[] = [];
  for (const entry of entries) {
    const { dataOffsetBytes } = await openZipData(source, entry, end.directoryOffsetBytes, 0);
    data.push({ entry, start: dataOffsetBytes, end: dataOffsetBytes + entry.storedBytes });
  }
  data.sort((one, other) => one.start - other.start);
  const structure: ByteRange[] = [];
  let reached = 0;
  for (const { start, end: dataEnd } of data) {
    structure.push({ start: reached, end: start });
    reached = dataEnd;
  }
  structure.push({ start: reached, end: bytes.length });
  const centralHeaders: number[] = [];
  let at = end.directoryOffsetBytes;
  for (let index = 0; index < entries.length; index += 1) {
    centralHeaders.push(at);
    at += 46 + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return { data, centralHeaders, structure };
}

/**
 * Why changed bytes of a ZIP have no effect, where they have none.
 * - In deflated data some bits say the same in another way, or stand behind the end of the stream (RFC 1951, 3.2.3): the
 *   content is the same bytes.
 * - In an archive of another program the version that it was made by and the attributes (APPNOTE 4.4.2, 4.4.14, 4.4.15) may be
 *   any, but for the type of the file.
 * @param isOurs whether the archive has a manifest
 * @returns undefined when a byte matters
 */
export function harmlessChange(
  { data, centralHeaders }: ZipLayout,
  sound: Buffer,
  changed: Buffer,
  isOurs: boolean,
): string | undefined {
  if (sound.length !== changed.length) return undefined;
  let reason: string | undefined;
  for (let at = 0; at < sound.length; at += 1) {
    if (sound[at] === changed[at]) continue;
    const inside = data.find(({ start, end }) => at >= start && at < end);
    if (inside === undefined) {
      if (isOurs || !isForeignAttribute(centralHeaders, at, sound[at] ?? 0, changed[at] ?? 0)) return undefined;
      reason = "foreign attributes";
    } else {
      const { start, end, entry } = inside;
      const content = entry.method === "deflate" ? inflateRawSync(sound.subarray(start, end)) : undefined;
      if (content === undefined || !inflatesTo(changed.subarray(start, end), content)) return undefined;
      reason = "deflated otherwise";
      at = end - 1;
    }
  }
  return reason;
}

function isForeignAttribute(headers: readonly number[], at: number, sound: number, changed: number): boolean {
  const header = headers.findLast((start) => start <= at);
  if (header === undefined) return false;
  const field = at - header;
  if (field === 4 || field === 5 || (field >= 36 && field <= 40)) return true;
  // The upper four bits are the type of the file, none if they are 0.
  return field === 41 && (changed >> 4 === sound >> 4 || changed >> 4 === 0);
}

function inflatesTo(stored: Buffer, content: Buffer): boolean {
  try {
    const result = inflateRawSync(stored, { info: true, maxOutputLength: content.length + 1 }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    return result.buffer.equals(content) && result.engine.bytesWritten === stored.length;
  } catch {
    return false;
  }
}
