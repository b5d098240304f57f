import type { ByteSource } from "../bytes.ts";
import type { Damage } from "./damage.ts";
import { type ZipEntry, readZipDirectory } from "./zip-directory.ts";
import { type ZipEnd, readZipEnd } from "./zip-end-records.ts";
import { Flag, Signature, readUInt64 } from "./zip-fields.ts";
import { checkLocalHeader } from "./zip-local-check.ts";
import { localHeaderBytes } from "./zip-local-header.ts";

/** Small reads that follow one another are served from pieces of this size. */
const windowBytes = 64 * 1024;
/** Findings beyond this number are counted only. */
const mostDamages = 1000;

/** How {@link checkZipStructure} is told to stop, and how it tells where it is. */
export interface ZipCheckOptions {
  signal?: AbortSignal;
  /** Called for each entry whose headers were looked at. */
  onEntry?: (name: string) => void;
}

/**
 * Checks the structure of a whole ZIP without reading the entries' data: end records, central directory, every local
 * header against it, data descriptors, and that the entries lie side by side from the first byte to the central
 * directory without gap or overlap. Archives of Python's zipfile, to a file or a pipe, pass.
 * The content is for `ArchiveReader.read` to check.
 * @returns all that is wrong, in the order of the file; empty for a sound archive
 */
export async function checkZipStructure(source: ByteSource, options: ZipCheckOptions = {}): Promise<Damage[]> {
  const damages: Damage[] = [];
  let more = 0;
  const report = (damage: Damage): void => {
    if (damages.length < mostDamages) damages.push(damage);
    else more++;
  };
  const end = await readZipEnd(source, report);
  if (end !== undefined) {
    const entries = await readZipDirectory(source, end, report);
    // Entries that were left out would show as gaps, which would say nothing new.
    const complete = damages.length === 0;
    await checkEntries(source, entries, end, { report, complete, ...options });
  }
  if (more > 0) report({ what: "more findings", expected: "none", found: String(more) });
  return damages;
}

interface EntryChecks extends ZipCheckOptions {
  report: (damage: Damage) => void;
  complete: boolean;
}

async function checkEntries(source: ByteSource, entries: ZipEntry[], end: ZipEnd, checks: EntryChecks): Promise<void> {
  const read = windowed(source, end.directoryOffsetBytes);
  const sorted = entries.toSorted((a, b) => a.localOffsetBytes - b.localOffsetBytes);
  let reached = 0;
  for (const [index, entry] of sorted.entries()) {
    checks.signal?.throwIfAborted();
    checks.onEntry?.(entry.name);
    if (entry.localOffsetBytes !== reached && (checks.complete || entry.localOffsetBytes < reached)) {
      const previous = sorted[index - 1]?.name;
      checks.report(misplaced(entry.localOffsetBytes, reached, entry.name, previous));
    }
    const nextOffset = sorted[index + 1]?.localOffsetBytes ?? end.directoryOffsetBytes;
    reached = await checkEntry(read, entry, nextOffset, end.directoryOffsetBytes, checks);
  }
  if (checks.complete && reached !== end.directoryOffsetBytes) {
    checks.report(misplaced(end.directoryOffsetBytes, reached, undefined, sorted.at(-1)?.name));
  }
}

function misplaced(found: number, reached: number, entry: string | undefined, previous: string | undefined): Damage {
  const before = previous === undefined ? "before the first entry" : `after entry ${previous}`;
  const what = entry === undefined ? "central directory" : "local header";
  return {
    what:
      found > reached ? `${found - reached} bytes that belong to nothing ${before}` : `${what} overlaps ${previous}`,
    ...(entry === undefined ? {} : { entry }),
    offsetBytes: Math.min(found, reached),
    expected: `the ${what} at ${reached}`,
    found: `at ${found}`,
  };
}

type Read = (offsetBytes: number, lengthBytes: number) => Promise<Buffer>;

/** Returns where the entry ends, as far as its own headers say. */
async function checkEntry(
  read: Read,
  entry: ZipEntry,
  nextOffset: number,
  limit: number,
  checks: EntryChecks,
): Promise<number> {
  const { localOffsetBytes } = entry;
  const room = limit - localOffsetBytes;
  const fixed = await read(localOffsetBytes, localHeaderBytes);
  const variable = fixed.readUInt16LE(26) + fixed.readUInt16LE(28);
  const bytes = await read(localOffsetBytes, Math.min(room, localHeaderBytes + variable));
  const local = checkLocalHeader(bytes, entry, room - entry.storedBytes);
  for (const damage of local.damages) checks.report(damage);
  // Where its own header cannot be believed, the next entry's place can.
  if (local.headerBytes === undefined) return nextOffset;
  const dataEnd = localOffsetBytes + local.headerBytes + entry.storedBytes;
  if ((entry.flags & Flag.dataDescriptor) === 0) return dataEnd;
  const descriptor = await read(dataEnd, Math.min(24, limit - dataEnd));
  const descriptorBytes = matchDescriptor(descriptor, entry, local.hasZip64);
  if (descriptorBytes !== undefined) return dataEnd + descriptorBytes;
  checks.report({
    what: "wrong data descriptor",
    entry: entry.name,
    offsetBytes: dataEnd,
    expected: `CRC-32 ${entry.crc32}, ${entry.storedBytes} and ${entry.contentBytes} bytes`,
    found: `${descriptor.toString("hex")} in hex`,
  });
  return nextOffset;
}

/**
 * Length of the data descriptor (APPNOTE 4.3.9): the signature is optional, the sizes are of 8 bytes when the local header
 * has a ZIP64 field; undefined when it does not say what the central directory says.
 */
function matchDescriptor(bytes: Buffer, entry: ZipEntry, zip64: boolean): number | undefined {
  for (const start of [4, 0]) {
    const length = start + (zip64 ? 20 : 12);
    if (bytes.length < length) continue;
    if (start === 4 && bytes.readUInt32LE(0) !== Signature.dataDescriptor) continue;
    const sizeAt = (index: number): number | undefined =>
      zip64 ? readUInt64(bytes, start + 4 + index * 8) : bytes.readUInt32LE(start + 4 + index * 4);
    const crcMatches = bytes.readUInt32LE(start) === entry.crc32;
    if (crcMatches && sizeAt(0) === entry.storedBytes && sizeAt(1) === entry.contentBytes) return length;
  }
  return undefined;
}

function windowed(source: ByteSource, limit: number): Read {
  let start = 0;
  let window: Buffer = Buffer.alloc(0);
  return async (offset, length) => {
    if (offset < start || offset + length > start + window.length) {
      window = await source.read(offset, Math.min(Math.max(windowBytes, length), Math.max(length, limit - offset)));
      start = offset;
    }
    return window.subarray(offset - start, offset - start + length);
  };
}
