import type { ByteSource } from "../bytes.ts";
import type { DamageHandler } from "./damage.ts";
import { digestOfComment } from "./manifest-types.ts";
import { type ZipEndInput, encodeZipEnd, endBytes, locatorBytes, zip64EndBytes } from "./zip-end-encode.ts";
import { Signature, max16, max32, readUInt64 } from "./zip-fields.ts";

/** Where the central directory stands, and what follows it. */
export interface ZipEnd extends ZipEndInput {
  /** The comment is that of an archive of ours: fields that a foreign one may choose are held to what we write. */
  isOurs: boolean;
}

/** Finds the end of central directory record from the file's end; reports and returns undefined when there is none. */
async function findEndRecord(source: ByteSource, report: DamageHandler): Promise<Buffer | undefined> {
  const tailBytes = Math.min(source.sizeBytes, endBytes + max16);
  const tail = await source.read(source.sizeBytes - tailBytes, tailBytes);
  let nearest: number | undefined;
  const fitting: number[] = [];
  for (let at = tailBytes - endBytes; at >= 0; at--) {
    if (tail[at] !== 0x50 || tail.readUInt32LE(at) !== Signature.end) continue;
    nearest ??= at;
    if (at + endBytes + tail.readUInt16LE(at + 20) === tailBytes) fitting.push(at);
  }
  const [first, second] = fitting;
  const base = source.sizeBytes - tailBytes;
  if (first !== undefined && second !== undefined) {
    // Readers disagree on which one counts: an archive that shows each of them other contents.
    report({
      what: "two records end the archive",
      offsetBytes: base + second,
      expected: "one end of central directory record",
      found: `another one inside its comment, at offset ${base + first}`,
    });
  }
  if (first !== undefined) return tail.subarray(first);
  if (nearest !== undefined) {
    const end = nearest + endBytes + tail.readUInt16LE(nearest + 20);
    const difference = tailBytes - end;
    report({
      what: difference > 0 ? "bytes after the end of the archive" : "truncated inside the archive comment",
      offsetBytes: base + Math.min(end, tailBytes),
      expected: `the file to end at ${base + end} bytes`,
      found: `${source.sizeBytes} bytes`,
    });
    return undefined;
  }
  const begin = await source.read(0, Math.min(4, source.sizeBytes));
  const isZip = begin.length === 4 && begin.readUInt32LE(0) === Signature.localHeader;
  report({
    what: isZip ? "truncated" : "not an archive",
    ...(isZip ? { offsetBytes: source.sizeBytes } : {}),
    expected: "a ZIP that ends with an end of central directory record",
    found: isZip ? `none in ${source.sizeBytes} bytes` : `${source.sizeBytes} bytes of something else`,
  });
  return undefined;
}

/**
 * Finds and checks the records that end a ZIP. The central directory must reach exactly to them, so that nothing hides
 * between and a lie about its place is found.
 * @param report called for each damage; when it returns, what can be known is still returned
 * @returns undefined when the central directory cannot be found
 */
export async function readZipEnd(source: ByteSource, report: DamageHandler): Promise<ZipEnd | undefined> {
  const record = await findEndRecord(source, report);
  if (record === undefined) return undefined;
  const endOffset = source.sizeBytes - record.length;
  const fields: EndFields = {
    recordOffset: endOffset,
    disk: record.readUInt16LE(4),
    directoryDisk: record.readUInt16LE(6),
    diskEntries: record.readUInt16LE(8),
    entries: record.readUInt16LE(10),
    directoryBytes: record.readUInt32LE(12),
    directoryOffset: record.readUInt32LE(16),
  };
  const resolved = await resolveZip64(source, fields, report);
  if (resolved === undefined) return undefined;
  if (resolved.disk !== 0 || resolved.directoryDisk !== 0 || resolved.diskEntries !== resolved.entries) {
    report({
      what: "an archive of several disks",
      offsetBytes: resolved.recordOffset,
      expected: `disk 0 with ${resolved.entries} entries`,
      found: `disk ${resolved.disk} of directory disk ${resolved.directoryDisk} with ${resolved.diskEntries} entries`,
    });
  }
  const directoryEnd = resolved.directoryOffset + resolved.directoryBytes;
  if (directoryEnd !== resolved.recordOffset) {
    report({
      what: "central directory is not where the end record says",
      offsetBytes: resolved.recordOffset,
      expected: `a central directory that ends at ${resolved.recordOffset}`,
      found: `offset ${resolved.directoryOffset} and ${resolved.directoryBytes} bytes, so an end at ${directoryEnd}`,
    });
    return undefined;
  }
  const comment = record.toString("utf8", endBytes);
  const end: ZipEnd = {
    directoryOffsetBytes: resolved.directoryOffset,
    directoryBytes: resolved.directoryBytes,
    entryCount: resolved.entries,
    comment,
    isOurs: digestOfComment(comment) !== undefined,
  };
  if (end.isOurs) await checkOurs(source, end, report);
  return end;
}

/** Fields that say nothing, or the same in several ways, stand in an archive of ours as we write them. */
async function checkOurs(source: ByteSource, end: ZipEnd, report: DamageHandler): Promise<void> {
  const offsetBytes = end.directoryOffsetBytes + end.directoryBytes;
  // A number that is none cannot be written; any other is not what stands there.
  const entryCount = Number.isSafeInteger(end.entryCount) ? end.entryCount : 0;
  const expected = encodeZipEnd({ ...end, entryCount });
  const foundBytes = source.sizeBytes - offsetBytes;
  // No more than that: a record may claim that gigabytes follow.
  const found = await source.read(offsetBytes, Math.min(foundBytes, expected.length));
  const at = expected.findIndex((byte, index) => byte !== found[index]);
  if (at === -1 && expected.length === foundBytes) return;
  const where = at === -1 ? expected.length : at;
  const show = (bytes: Buffer): string => `${bytes.subarray(where, where + 8).toString("hex")} in hex`;
  report({
    what: "end records that we do not write",
    offsetBytes: offsetBytes + where,
    expected: show(expected),
    found: show(found),
  });
}

interface EndFields {
  /** Where the first of the ending records begins. */
  recordOffset: number;
  disk: number;
  directoryDisk: number;
  diskEntries: number;
  entries: number;
  directoryBytes: number;
  directoryOffset: number;
}

async function resolveZip64(
  source: ByteSource,
  fields: EndFields,
  report: DamageHandler,
): Promise<EndFields | undefined> {
  const needed = fields.entries === max16 || fields.directoryBytes === max32 || fields.directoryOffset === max32;
  const locatorOffset = fields.recordOffset - locatorBytes;
  const locator = locatorOffset >= 0 ? await source.read(locatorOffset, locatorBytes) : undefined;
  if (locator === undefined || locator.readUInt32LE(0) !== Signature.zip64Locator) {
    // 65,535 entries, or a directory that begins exactly there, need no ZIP64: the directory's place decides then.
    if (!needed || fields.directoryOffset + fields.directoryBytes === fields.recordOffset) return fields;
    report({
      what: "no ZIP64 locator",
      offsetBytes: Math.max(0, locatorOffset),
      expected: "one, as the end record refers to it",
      found: "something else",
    });
    return undefined;
  }
  const recordOffset = readUInt64(locator, 8);
  const disks = locator.readUInt32LE(16);
  const valid = recordOffset !== undefined && recordOffset + zip64EndBytes <= locatorOffset;
  const record = valid ? await source.read(recordOffset, zip64EndBytes) : undefined;
  const size = record === undefined ? undefined : readUInt64(record, 4);
  if (
    record === undefined ||
    recordOffset === undefined ||
    locator.readUInt32LE(4) !== 0 ||
    disks > 1 ||
    record.readUInt32LE(0) !== Signature.zip64End ||
    size === undefined ||
    recordOffset + 12 + size !== locatorOffset
  ) {
    report({
      what: "ZIP64 end record is not where its locator says",
      offsetBytes: locatorOffset,
      expected: `a record on the only disk that ends at ${locatorOffset}`,
      found: `offset ${recordOffset ?? "beyond 2^53"}, size ${size ?? "unknown"}, ${disks} disks`,
    });
    return undefined;
  }
  const large: EndFields = {
    recordOffset,
    disk: record.readUInt32LE(16),
    directoryDisk: record.readUInt32LE(20),
    diskEntries: readUInt64(record, 24) ?? Infinity,
    entries: readUInt64(record, 32) ?? Infinity,
    directoryBytes: readUInt64(record, 40) ?? Infinity,
    directoryOffset: readUInt64(record, 48) ?? Infinity,
  };
  const limits = { diskEntries: max16, entries: max16, directoryBytes: max32, directoryOffset: max32 } as const;
  for (const key of ["diskEntries", "entries", "directoryBytes", "directoryOffset"] as const) {
    if (fields[key] === limits[key] || fields[key] === large[key]) continue;
    report({
      what: `end record and ZIP64 end record disagree (${key})`,
      offsetBytes: fields.recordOffset,
      expected: `${limits[key]} or ${large[key]}`,
      found: String(fields[key]),
    });
  }
  return large;
}
