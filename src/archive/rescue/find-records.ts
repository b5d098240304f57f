import { parseEntryName } from "../entry-names.ts";
import { entryNameProblem } from "../entry-path.ts";
import { Flag, Signature, readUInt64 } from "../zip-fields.ts";
import { decodeLocalExtra, decodeLocalHeader, localHeaderBytes, methodName } from "../zip-local-header.ts";
import type { SignatureSearch } from "./signatures.ts";

/** A local header that makes sense. */
export interface Header {
  name: string;
  method: "stored" | "deflate";
  dataOffsetBytes: number;
  crc: number | undefined;
  /** There is a ZIP64 field. */
  hasZip64: boolean;
  /** Undefined when they follow the data. */
  sizes: { storedBytes: number; contentBytes: number } | undefined;
}

const longestHeaderBytes = localHeaderBytes + 4096 + 1024;

/** Whether an archive has entries of such a name. */
function isOurs(name: string): boolean {
  return (
    name === "./" || parseEntryName(name) !== undefined || /^(?:postgres|component)\/(?:[a-z0-9_]+\/)?$/.test(name)
  );
}

/**
 * A local header, if there is one.
 * @param isExpected whether one must be here: then a single field that is wrong does not speak against it
 */
export async function headerAt(search: SignatureSearch, at: number, isExpected: boolean): Promise<Header | undefined> {
  const bytes = Buffer.from(await search.at(at, longestHeaderBytes));
  if (bytes.length < localHeaderBytes) return undefined;
  const header = decodeLocalHeader(bytes);
  if (header.nameBytes === 0 || header.headerBytes > bytes.length) return undefined;
  const nameEnd = localHeaderBytes + header.nameBytes;
  const name = bytes.toString("utf8", localHeaderBytes, nameEnd);
  const hasSignature = header.signature === Signature.localHeader;
  const isKnown = isOurs(name);
  const isName = isKnown || (name !== "./" && entryNameProblem(name) === undefined);
  if (!isName || !(isExpected ? hasSignature || isKnown : hasSignature && isKnown)) return undefined;
  const extra = decodeLocalExtra(header, bytes.subarray(nameEnd, header.headerBytes));
  if (!isExpected && (extra.problem !== undefined || methodName(header.method) === undefined)) return undefined;
  const { storedBytes, contentBytes } = extra.values;
  const follow = (header.flags & Flag.dataDescriptor) !== 0 && storedBytes === 0;
  const guessed = storedBytes === contentBytes ? "stored" : "deflate";
  return {
    name,
    method: methodName(header.method) ?? (name.endsWith("$index") ? "deflate" : guessed),
    dataOffsetBytes: at + header.headerBytes,
    crc: header.crc32 === 0 && follow ? undefined : header.crc32,
    hasZip64: extra.hasZip64,
    sizes: follow || extra.problem !== undefined ? undefined : { storedBytes, contentBytes },
  };
}

/** Whether a central header stands at a place that bears a name of an archive. */
export async function isCentral(search: SignatureSearch, at: number): Promise<boolean> {
  const fixed = await search.at(at, 46);
  if (fixed.length < 46) return false;
  const nameBytes = fixed.readUInt16LE(28);
  if (nameBytes === 0 || nameBytes > 4096) return false;
  return isOurs((await search.at(at + 46, nameBytes)).toString("utf8"));
}

/** What a data descriptor says. */
export interface Descriptor {
  crc: number;
  contentBytes: number;
  lengthBytes: number;
}

/**
 * A data descriptor (APPNOTE 4.3.9) with signature that tells of so many stored bytes.
 * @param hasZip64 whether its sizes ought to take 8 bytes each; of an empty entry nothing else tells
 */
export async function descriptorAt(
  search: SignatureSearch,
  at: number,
  storedBytes: number,
  hasZip64: boolean,
): Promise<Descriptor | undefined> {
  const bytes = await search.at(at, 24);
  if (bytes.length < 16 || bytes.readUInt32LE(0) !== Signature.dataDescriptor) return undefined;
  const crc = bytes.readUInt32LE(4);
  const short =
    bytes.readUInt32LE(8) === storedBytes % 2 ** 32
      ? { crc, contentBytes: bytes.readUInt32LE(12), lengthBytes: 16 }
      : undefined;
  const long =
    bytes.length >= 24 && readUInt64(bytes, 8) === storedBytes
      ? { crc, contentBytes: readUInt64(bytes, 16) ?? storedBytes, lengthBytes: 24 }
      : undefined;
  return hasZip64 ? (long ?? short) : (short ?? long);
}

/** A descriptor that stands right before a record, with a single thing wrong with it. */
export async function damagedDescriptorBefore(
  search: SignatureSearch,
  at: number,
  dataOffsetBytes: number,
): Promise<{ lengthBytes: number; crc: number } | undefined> {
  for (const lengthBytes of [24, 16]) {
    const start = at - lengthBytes;
    if (start < dataOffsetBytes) continue;
    const bytes = await search.at(start, lengthBytes);
    const isSigned = bytes.readUInt32LE(0) === Signature.dataDescriptor;
    const distance = start - dataOffsetBytes;
    const sizes =
      lengthBytes === 24
        ? [readUInt64(bytes, 8), readUInt64(bytes, 16)]
        : [bytes.readUInt32LE(8), bytes.readUInt32LE(12)];
    const [stored, content] = sizes;
    // Of what is stored, both sizes are the same; of a file within this one, neither is the distance.
    if (stored === distance || (isSigned && content === distance)) return { lengthBytes, crc: bytes.readUInt32LE(4) };
  }
  return undefined;
}
