import { type DosMoment, Flag, Method, Signature, max32, versionDeflate, versionZip64 } from "./zip-fields.ts";
import { type ExtraFields, decodeExtra, encodeZip64Extra } from "./zip-extra.ts";
import { writeUInt64 } from "./zip-fields.ts";

/** Bytes of a local header before name and extra field. */
export const localHeaderBytes = 30;

/** What a local header is written from. */
export interface LocalHeaderInput {
  name: Buffer;
  moment: DosMoment;
  method: number;
  /** Known content: sizes and CRC stand in the header. Undefined: they follow the data in a ZIP64 data descriptor. */
  known: { storedBytes: number; contentBytes: number; crc32: number } | undefined;
}

/** True when an entry of these sizes needs ZIP64 fields in its local header. */
function isLarge(known: { storedBytes: number; contentBytes: number }): boolean {
  return known.storedBytes >= max32 || known.contentBytes >= max32;
}

/** Encodes a local file header with name and extra field (APPNOTE 4.3.7). */
export function encodeLocalHeader(input: LocalHeaderInput): Buffer {
  const { known } = input;
  const zip64 = known === undefined || isLarge(known);
  // A ZIP64 field in the local header is what announces 8 byte sizes in the data descriptor (4.3.9.2).
  const extra = zip64 ? encodeZip64Extra([known?.contentBytes ?? 0, known?.storedBytes ?? 0]) : Buffer.alloc(0);
  const header = Buffer.allocUnsafe(localHeaderBytes);
  // offset 0: local file header signature, 4 bytes
  header.writeUInt32LE(Signature.localHeader, 0);
  // offset 4: version needed to extract, 2 bytes
  header.writeUInt16LE(zip64 ? versionZip64 : versionDeflate, 4);
  // offset 6: general purpose bit flag, 2 bytes
  header.writeUInt16LE(entryFlags(known === undefined), 6);
  // offset 8: compression method, 2 bytes
  header.writeUInt16LE(input.method, 8);
  // offset 10: last mod file time, 2 bytes
  header.writeUInt16LE(input.moment.time, 10);
  // offset 12: last mod file date, 2 bytes
  header.writeUInt16LE(input.moment.date, 12);
  // offset 14: crc-32, 4 bytes
  header.writeUInt32LE(known?.crc32 ?? 0, 14);
  // offset 18: compressed size, 4 bytes
  header.writeUInt32LE(zip64 ? max32 : known.storedBytes, 18);
  // offset 22: uncompressed size, 4 bytes
  header.writeUInt32LE(zip64 ? max32 : known.contentBytes, 22);
  // offset 26: file name length, 2 bytes
  header.writeUInt16LE(input.name.length, 26);
  // offset 28: extra field length, 2 bytes
  header.writeUInt16LE(extra.length, 28);
  return Buffer.concat([header, input.name, extra]);
}

/** The general purpose flags of our entries: UTF-8 names, and the descriptor bit for streamed ones. */
export function entryFlags(streamed: boolean): number {
  return Flag.utf8 | (streamed ? Flag.dataDescriptor : 0);
}

/** Encodes the data descriptor of a streamed entry, with signature and 8 byte sizes (APPNOTE 4.3.9). */
export function encodeDataDescriptor(totals: { storedBytes: number; contentBytes: number; crc32: number }): Buffer {
  const descriptor = Buffer.allocUnsafe(24);
  // offset 0: signature, 4 bytes
  descriptor.writeUInt32LE(Signature.dataDescriptor, 0);
  // offset 4: crc-32, 4 bytes
  descriptor.writeUInt32LE(totals.crc32, 4);
  // offset 8: compressed size, 8 bytes in ZIP64 format
  writeUInt64(descriptor, totals.storedBytes, 8);
  // offset 16: uncompressed size, 8 bytes in ZIP64 format
  writeUInt64(descriptor, totals.contentBytes, 16);
  return descriptor;
}

/** A local header as found. */
export interface LocalHeader {
  signature: number;
  versionNeeded: number;
  flags: number;
  method: number;
  moment: DosMoment;
  crc32: number;
  nameBytes: number;
  extraBytes: number;
  /** From the signature to the first byte of data. */
  headerBytes: number;
  /** As they stand in the 32 bit fields. */
  storedField: number;
  contentField: number;
}

/** Decodes the fixed part of a local file header (APPNOTE 4.3.7); nothing is checked here. */
export function decodeLocalHeader(bytes: Buffer): LocalHeader {
  const nameBytes = bytes.readUInt16LE(26);
  const extraBytes = bytes.readUInt16LE(28);
  return {
    signature: bytes.readUInt32LE(0),
    versionNeeded: bytes.readUInt16LE(4),
    flags: bytes.readUInt16LE(6),
    method: bytes.readUInt16LE(8),
    moment: { time: bytes.readUInt16LE(10), date: bytes.readUInt16LE(12) },
    crc32: bytes.readUInt32LE(14),
    storedField: bytes.readUInt32LE(18),
    contentField: bytes.readUInt32LE(22),
    nameBytes,
    extraBytes,
    headerBytes: localHeaderBytes + nameBytes + extraBytes,
  };
}

/** Decodes the extra field area of a local header. */
export function decodeLocalExtra(header: LocalHeader, area: Buffer): ExtraFields {
  return decodeExtra(area, { contentBytes: header.contentField, storedBytes: header.storedField });
}

/** The method's name for entries; undefined for one that we do not read. */
export function methodName(method: number): "stored" | "deflate" | undefined {
  if (method === Method.stored) return "stored";
  return method === Method.deflate ? "deflate" : undefined;
}
