import { type DosMoment, Signature, madeByUs, max16, max32, versionDeflate, versionZip64 } from "./zip-fields.ts";
import { decodeExtra, encodeZip64Extra } from "./zip-extra.ts";

/** Bytes of a central header before name, extra field and comment. */
export const centralHeaderBytes = 46;

/** What a central header is written from. */
export interface CentralHeaderInput {
  name: Buffer;
  isDirectory: boolean;
  moment: DosMoment;
  flags: number;
  method: number;
  /** The local header is of version 4.5 because its sizes follow in a ZIP64 data descriptor. */
  streamed: boolean;
  crc32: number;
  storedBytes: number;
  contentBytes: number;
  localOffsetBytes: number;
}

/** Unix modes in the upper half, the MS-DOS folder bit below (APPNOTE 4.4.15). */
const fileAttributes = 0o10_06_00 * 0x1_00_00;
const folderAttributes = 0o04_07_00 * 0x1_00_00 + 0x10;

/** Encodes a central directory header with name and extra field (APPNOTE 4.3.12). */
export function encodeCentralHeader(input: CentralHeaderInput): Buffer {
  const large = input.storedBytes >= max32 || input.contentBytes >= max32;
  const far = input.localOffsetBytes >= max32;
  const extraValues = [
    ...(large ? [input.contentBytes, input.storedBytes] : []),
    ...(far ? [input.localOffsetBytes] : []),
  ];
  const extra = extraValues.length > 0 ? encodeZip64Extra(extraValues) : Buffer.alloc(0);
  const header = Buffer.allocUnsafe(centralHeaderBytes);
  // offset 0: central file header signature, 4 bytes
  header.writeUInt32LE(Signature.centralHeader, 0);
  // offset 4: version made by, 2 bytes
  header.writeUInt16LE(madeByUs, 4);
  // offset 6: version needed to extract, 2 bytes; the same as in the local header
  header.writeUInt16LE(large || input.streamed ? versionZip64 : versionDeflate, 6);
  // offset 8: general purpose bit flag, 2 bytes
  header.writeUInt16LE(input.flags, 8);
  // offset 10: compression method, 2 bytes
  header.writeUInt16LE(input.method, 10);
  // offset 12: last mod file time, 2 bytes
  header.writeUInt16LE(input.moment.time, 12);
  // offset 14: last mod file date, 2 bytes
  header.writeUInt16LE(input.moment.date, 14);
  // offset 16: crc-32, 4 bytes
  header.writeUInt32LE(input.crc32, 16);
  // offset 20: compressed size, 4 bytes
  header.writeUInt32LE(large ? max32 : input.storedBytes, 20);
  // offset 24: uncompressed size, 4 bytes
  header.writeUInt32LE(large ? max32 : input.contentBytes, 24);
  // offset 28: file name length, 2 bytes
  header.writeUInt16LE(input.name.length, 28);
  // offset 30: extra field length, 2 bytes
  header.writeUInt16LE(extra.length, 30);
  // offset 32: file comment length, 2 bytes: none
  header.writeUInt16LE(0, 32);
  // offset 34: disk number start, 2 bytes: one disk
  header.writeUInt16LE(0, 34);
  // offset 36: internal file attributes, 2 bytes: binary
  header.writeUInt16LE(0, 36);
  // offset 38: external file attributes, 4 bytes
  header.writeUInt32LE(input.isDirectory ? folderAttributes : fileAttributes, 38);
  // offset 42: relative offset of local header, 4 bytes
  header.writeUInt32LE(far ? max32 : input.localOffsetBytes, 42);
  return Buffer.concat([header, input.name, extra]);
}

/** A central header as found; ZIP64 values resolved, nothing else checked. */
export interface CentralHeader {
  madeBy: number;
  versionNeeded: number;
  flags: number;
  method: number;
  moment: DosMoment;
  crc32: number;
  storedBytes: number;
  contentBytes: number;
  localOffsetBytes: number;
  diskNumber: number;
  internalAttributes: number;
  externalAttributes: number;
  nameBytes: Buffer;
  commentBytes: number;
  /** What is wrong with the extra fields, or undefined. */
  extraProblem: string | undefined;
}

/** Lengths that follow the fixed part of a central header. */
export function centralVariableBytes(fixed: Buffer): number {
  return fixed.readUInt16LE(28) + fixed.readUInt16LE(30) + fixed.readUInt16LE(32);
}

/** Decodes a whole central directory header (APPNOTE 4.3.12); its signature is checked by the caller. */
export function decodeCentralHeader(bytes: Buffer): CentralHeader {
  const nameEnd = centralHeaderBytes + bytes.readUInt16LE(28);
  const extraEnd = nameEnd + bytes.readUInt16LE(30);
  const diskNumber = bytes.readUInt16LE(34);
  const extra = decodeExtra(bytes.subarray(nameEnd, extraEnd), {
    contentBytes: bytes.readUInt32LE(24),
    storedBytes: bytes.readUInt32LE(20),
    localOffsetBytes: bytes.readUInt32LE(42),
  });
  return {
    madeBy: bytes.readUInt16LE(4),
    versionNeeded: bytes.readUInt16LE(6),
    flags: bytes.readUInt16LE(8),
    method: bytes.readUInt16LE(10),
    moment: { time: bytes.readUInt16LE(12), date: bytes.readUInt16LE(14) },
    crc32: bytes.readUInt32LE(16),
    storedBytes: extra.values.storedBytes,
    contentBytes: extra.values.contentBytes,
    localOffsetBytes: extra.values.localOffsetBytes ?? 0,
    // A disk number of 0xFFFF refers to ZIP64 field's last value, which only archives of several disks have.
    diskNumber: diskNumber === max16 ? 1 : diskNumber,
    internalAttributes: bytes.readUInt16LE(36),
    externalAttributes: bytes.readUInt32LE(38),
    nameBytes: bytes.subarray(centralHeaderBytes, nameEnd),
    commentBytes: bytes.readUInt16LE(32),
    extraProblem: extra.problem,
  };
}

/** Types of files in a Unix mode (APPNOTE 4.4.15 by 4.4.2). */
const fileTypes: Readonly<Record<number, string>> = {
  0o01: "a pipe",
  0o02: "a device",
  0o04: "a folder",
  0o06: "a device",
  0o10: "a file",
  0o12: "a symbolic link",
  0o14: "a socket",
};

/**
 * Says what is wrong with the fields of a central header that no reader of ours goes by. Others do: `unzip` makes the link that
 * attributes speak of. Ours always say the same, so that every byte of an archive of ours counts.
 * @param isOurs whether the archive is one that ngwbackup wrote
 * @returns what was expected and found, or undefined
 */
export function attributesProblem(
  header: CentralHeader,
  isDirectory: boolean,
  isOurs: boolean,
): { expected: string; found: string } | undefined {
  const { madeBy, internalAttributes, externalAttributes, commentBytes } = header;
  const type = madeBy >> 8 === madeByUs >> 8 ? externalAttributes >>> 28 : 0;
  const found = fileTypes[type] ?? `a file of type ${type}`;
  const expected = isDirectory ? "a folder" : "a file";
  if (type !== 0 && found !== expected) return { expected: `${expected}, by its attributes`, found };
  if (!isOurs) return undefined;
  const ours = isDirectory ? folderAttributes : fileAttributes;
  const show = (version: number, internal: number, external: number, comment: number): string =>
    `0x${version.toString(16)}, 0x${internal.toString(16)}, 0x${external.toString(16)}, ${comment} bytes`;
  if (madeBy === madeByUs && internalAttributes === 0 && externalAttributes === ours && commentBytes === 0)
    return undefined;
  return {
    expected: `version, attributes and comment of ours: ${show(madeByUs, 0, ours, 0)}`,
    found: show(madeBy, internalAttributes, externalAttributes, commentBytes),
  };
}
