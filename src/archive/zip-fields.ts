/** Largest values of the 16 and 32 bit fields: they mean "see the ZIP64 record" (APPNOTE 4.4.1.4). */
export const max16 = 0xff_ff;
export const max32 = 0xff_ff_ff_ff;

/** Record signatures (APPNOTE 4.3). */
export const Signature = {
  localHeader: 0x04_03_4b_50,
  dataDescriptor: 0x08_07_4b_50,
  centralHeader: 0x02_01_4b_50,
  zip64End: 0x06_06_4b_50,
  zip64Locator: 0x07_06_4b_50,
  end: 0x06_05_4b_50,
} as const;

/** Bits of the general purpose flag (APPNOTE 4.4.4). */
export const Flag = {
  encrypted: 1 << 0,
  dataDescriptor: 1 << 3,
  patchedData: 1 << 5,
  strongEncryption: 1 << 6,
  utf8: 1 << 11,
  maskedHeaders: 1 << 13,
} as const;

/** Compression methods that every reader since 1990 knows (APPNOTE 4.4.5). */
export const Method = { stored: 0, deflate: 8 } as const;

/** Version needed to extract (APPNOTE 4.4.3): 2.0 directories and deflate, 4.5 ZIP64. */
export const versionDeflate = 20;
export const versionZip64 = 45;
/** Version made by (APPNOTE 4.4.2) of all that we write: 4.5 of the specification, on Unix, so that permissions count. */
export const madeByUs = (3 << 8) | versionZip64;

/** A moment as MS-DOS date and time (APPNOTE 4.4.6), in UTC, whole two seconds, from 1980 to 2107. */
export interface DosMoment {
  time: number;
  date: number;
}

/** Encodes a moment for the headers; what lies outside of the format's years is moved to their ends. */
export function encodeDosMoment(at: Date): DosMoment {
  const year = at.getUTCFullYear();
  if (!(year >= 1980)) return { time: 0, date: (1 << 5) | 1 };
  if (year > 2107) return { time: (23 << 11) | (59 << 5) | 29, date: (127 << 9) | (12 << 5) | 31 };
  return {
    time: (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1),
    date: ((year - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate(),
  };
}

/**
 * Reads a 64 bit field as a number.
 * @returns undefined when it is larger than 2^53 - 1, which no real size or offset is
 */
export function readUInt64(bytes: Buffer, offset: number): number | undefined {
  const value = bytes.readUInt32LE(offset + 4) * 0x1_00_00_00_00 + bytes.readUInt32LE(offset);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Writes a size or offset into a 64 bit field; returns the offset after it. */
export function writeUInt64(bytes: Buffer, value: number, offset: number): number {
  bytes.writeUInt32LE(value % 0x1_00_00_00_00, offset);
  return bytes.writeUInt32LE(Math.floor(value / 0x1_00_00_00_00), offset + 4);
}
