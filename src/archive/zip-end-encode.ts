import { Signature, madeByUs, max16, max32, versionZip64, writeUInt64 } from "./zip-fields.ts";

/** Bytes of the end of central directory record before its comment, of the ZIP64 locator, and of the ZIP64 end record. */
export const endBytes = 22;
export const locatorBytes = 20;
export const zip64EndBytes = 56;

/** What the records that end a ZIP are written from. */
export interface ZipEndInput {
  directoryOffsetBytes: number;
  directoryBytes: number;
  entryCount: number;
  comment: string;
}

/**
 * Encodes what follows the central directory: ZIP64 end record and locator where a field needs them
 * (APPNOTE 4.3.14, 4.3.15), then the end of central directory record with the comment (4.3.16).
 */
export function encodeZipEnd(end: ZipEndInput): Buffer {
  const { entryCount, directoryBytes, directoryOffsetBytes } = end;
  const comment = Buffer.from(end.comment, "utf8");
  if (comment.length > max16) throw new RangeError(`the ZIP comment takes ${comment.length} bytes, at most ${max16}`);
  const zip64 = entryCount >= max16 || directoryBytes >= max32 || directoryOffsetBytes >= max32;
  const record = Buffer.allocUnsafe(endBytes);
  // offset 0: end of central dir signature, 4 bytes
  record.writeUInt32LE(Signature.end, 0);
  // offset 4: number of this disk, 2 bytes; offset 6: disk where the central directory starts, 2 bytes
  record.writeUInt32LE(0, 4);
  // offset 8: entries on this disk, 2 bytes
  record.writeUInt16LE(Math.min(entryCount, max16), 8);
  // offset 10: entries in total, 2 bytes
  record.writeUInt16LE(Math.min(entryCount, max16), 10);
  // offset 12: size of the central directory, 4 bytes
  record.writeUInt32LE(Math.min(directoryBytes, max32), 12);
  // offset 16: offset of the central directory, 4 bytes
  record.writeUInt32LE(Math.min(directoryOffsetBytes, max32), 16);
  // offset 20: comment length, 2 bytes
  record.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...(zip64 ? [encodeZip64End(end)] : []), record, comment]);
}

function encodeZip64End(end: ZipEndInput): Buffer {
  const bytes = Buffer.alloc(zip64EndBytes + locatorBytes);
  // 4.3.14 offset 0: zip64 end of central dir signature, 4 bytes
  bytes.writeUInt32LE(Signature.zip64End, 0);
  // offset 4: size of what follows, 8 bytes
  writeUInt64(bytes, zip64EndBytes - 12, 4);
  // offset 12: version made by, 2 bytes
  bytes.writeUInt16LE(madeByUs, 12);
  // offset 14: version needed to extract, 2 bytes
  bytes.writeUInt16LE(versionZip64, 14);
  // offset 16: number of this disk, 4 bytes; offset 20: disk of the central directory, 4 bytes: zero
  // offset 24: entries on this disk, 8 bytes
  writeUInt64(bytes, end.entryCount, 24);
  // offset 32: entries in total, 8 bytes
  writeUInt64(bytes, end.entryCount, 32);
  // offset 40: size of the central directory, 8 bytes
  writeUInt64(bytes, end.directoryBytes, 40);
  // offset 48: offset of the central directory, 8 bytes
  writeUInt64(bytes, end.directoryOffsetBytes, 48);
  // 4.3.15 offset 0: locator signature, 4 bytes
  bytes.writeUInt32LE(Signature.zip64Locator, zip64EndBytes);
  // offset 4: disk of the zip64 end record, 4 bytes: zero
  // offset 8: offset of the zip64 end record, 8 bytes
  writeUInt64(bytes, end.directoryOffsetBytes + end.directoryBytes, zip64EndBytes + 8);
  // offset 16: number of disks, 4 bytes
  bytes.writeUInt32LE(1, zip64EndBytes + 16);
  return bytes;
}
