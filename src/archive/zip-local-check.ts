import type { Damage } from "./damage.ts";
import type { ZipEntry } from "./zip-directory.ts";
import { Flag, Signature, max32, versionDeflate, versionZip64 } from "./zip-fields.ts";
import {
  type LocalHeader,
  decodeLocalExtra,
  decodeLocalHeader,
  localHeaderBytes,
  methodName,
} from "./zip-local-header.ts";

/** A local header that was read, and what is wrong with it. */
export interface LocalHeaderFinding {
  /** From the signature to the first byte of data; undefined when the header cannot be believed. */
  headerBytes: number | undefined;
  /** The data descriptor, if there is one, has 8 byte sizes. */
  hasZip64: boolean;
  damages: Damage[];
}

/**
 * Compares a local header with the central one (APPNOTE 4.3.7, 4.3.12).
 * @param bytes from the local header on; at least its fixed part
 * @param nameInFile the name's bytes as they must stand in the header
 * @param limitBytes how far the header may reach
 */
export function checkLocalHeader(bytes: Buffer, entry: ZipEntry, limitBytes: number): LocalHeaderFinding {
  const damages: Damage[] = [];
  const damage = (what: string, expected: string | number, found: string | number, at = 0): void => {
    damages.push({
      what,
      entry: entry.name,
      offsetBytes: entry.localOffsetBytes + at,
      expected: String(expected),
      found: String(found),
    });
  };
  const header = decodeLocalHeader(bytes);
  if (header.signature !== Signature.localHeader) {
    damage(
      "no local header",
      `signature 0x${Signature.localHeader.toString(16)}`,
      `0x${header.signature.toString(16)}`,
    );
    return { headerBytes: undefined, hasZip64: false, damages };
  }
  if (header.nameBytes !== entry.nameBytes || header.headerBytes > limitBytes || header.headerBytes > bytes.length) {
    const found = `${header.nameBytes} bytes of name, ${header.extraBytes} of extra fields`;
    damage("local header of another length", `${entry.nameBytes} bytes of name, and to fit before its data`, found, 26);
    return { headerBytes: undefined, hasZip64: false, damages };
  }
  const name = bytes.toString("utf8", localHeaderBytes, localHeaderBytes + header.nameBytes);
  if (name !== entry.name) damage("local header of another name", entry.name, name, localHeaderBytes);
  // A large offset raises the version in the central header alone; Python counts from 2 GiB on as large.
  const raised = entry.versionNeeded === versionZip64 && entry.localOffsetBytes > 0x7f_ff_ff_ff;
  if (header.versionNeeded !== entry.versionNeeded && !(raised && header.versionNeeded === versionDeflate)) {
    damage("local header of another version", entry.versionNeeded, header.versionNeeded, 4);
  }
  if (header.flags !== entry.flags) damage("local header of other flags", entry.flags, header.flags, 6);
  if (methodName(header.method) !== entry.method)
    damage("local header of another method", entry.method, header.method, 8);
  if (header.moment.time !== entry.moment.time || header.moment.date !== entry.moment.date) {
    const show = ({ date, time }: { date: number; time: number }): string => `${date}/${time}`;
    damage("local header of another date", show(entry.moment), show(header.moment), 10);
  }
  const extra = decodeLocalExtra(header, bytes.subarray(localHeaderBytes + header.nameBytes, header.headerBytes));
  if (extra.problem !== undefined) damage("broken extra fields", "well-formed ones", extra.problem, 28);
  checkSizes(header, extra.values, entry, damage);
  return { headerBytes: header.headerBytes, hasZip64: extra.hasZip64, damages };
}

function checkSizes(
  header: LocalHeader,
  values: { storedBytes: number; contentBytes: number },
  entry: ZipEntry,
  damage: (what: string, expected: string | number, found: string | number, at: number) => void,
): void {
  // With a descriptor these may be zero (APPNOTE 4.4.4, bit 3), or what the writer expected.
  const later = (entry.flags & Flag.dataDescriptor) !== 0;
  const fits = (found: number, expected: number): boolean => found === expected || (later && found === 0);
  if (!fits(header.crc32, entry.crc32)) damage("local header of another CRC-32", entry.crc32, header.crc32, 14);
  // In a stream whose ZIP64 field was lost, a saturated value is already reported as such.
  if (values.storedBytes !== max32 && !fits(values.storedBytes, entry.storedBytes)) {
    damage("local header of another stored size", entry.storedBytes, values.storedBytes, 18);
  }
  if (values.contentBytes !== max32 && !fits(values.contentBytes, entry.contentBytes)) {
    damage("local header of another content size", entry.contentBytes, values.contentBytes, 22);
  }
}
