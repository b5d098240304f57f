import { max32, readUInt64, writeUInt64 } from "./zip-fields.ts";

const zip64Tag = 0x00_01;

/** The values of a header that may stand in the ZIP64 extra field, in the order of the field. */
export interface Zip64Values {
  contentBytes: number;
  storedBytes: number;
  /** Central headers only. */
  localOffsetBytes?: number;
}

/**
 * The ZIP64 extended information extra field (APPNOTE 4.5.3).
 * @param values 8 bytes each, in the order original size, compressed size, offset of the local header
 */
export function encodeZip64Extra(values: readonly number[]): Buffer {
  const extra = Buffer.allocUnsafe(4 + values.length * 8);
  // 4.5.3 offset 0: tag, 2 bytes
  extra.writeUInt16LE(zip64Tag, 0);
  // 4.5.3 offset 2: size of what follows, 2 bytes
  extra.writeUInt16LE(values.length * 8, 2);
  values.forEach((value, index) => writeUInt64(extra, value, 4 + index * 8));
  return extra;
}

/** What an extra field area holds, as far as it matters here. */
export interface ExtraFields {
  /** True when there is a ZIP64 field: the data descriptor then has 8 byte sizes (APPNOTE 4.3.9.2). */
  hasZip64: boolean;
  /** The header's values, with the saturated ones replaced by those of the ZIP64 field. */
  values: Zip64Values;
  /** What is wrong with the area, or undefined. */
  problem?: string;
}

/**
 * Walks an extra field area (APPNOTE 4.5.1) and resolves saturated 32 bit values (4.5.3).
 * Other fields are skipped; padding of fewer than 4 bytes at the end, as Android's tools leave it, is a problem.
 * @param values as they stand in the header, 0xFFFFFFFF where the field holds the real one
 */
export function decodeExtra(area: Buffer, values: Zip64Values): ExtraFields {
  const result: ExtraFields = { hasZip64: false, values: { ...values } };
  let offset = 0;
  while (offset < area.length) {
    if (offset + 4 > area.length) return { ...result, problem: `${area.length - offset} stray bytes` };
    const tag = area.readUInt16LE(offset);
    const end = offset + 4 + area.readUInt16LE(offset + 2);
    if (end > area.length) return { ...result, problem: `a field that reaches ${end - area.length} bytes too far` };
    if (tag === zip64Tag) {
      if (result.hasZip64) return { ...result, problem: "two ZIP64 fields" };
      result.hasZip64 = true;
      const problem = resolve(area.subarray(offset + 4, end), result.values);
      if (problem !== undefined) return { ...result, problem };
    }
    offset = end;
  }
  const { contentBytes, storedBytes, localOffsetBytes } = values;
  const saturated = contentBytes === max32 || storedBytes === max32 || localOffsetBytes === max32;
  return saturated && !result.hasZip64 ? { ...result, problem: "no ZIP64 field" } : result;
}

function resolve(field: Buffer, values: Zip64Values): string | undefined {
  let offset = 0;
  for (const key of ["contentBytes", "storedBytes", "localOffsetBytes"] as const) {
    if (values[key] !== max32) continue;
    if (offset + 8 > field.length) return `a ZIP64 field of ${field.length} bytes`;
    const value = readUInt64(field, offset);
    if (value === undefined) return "a ZIP64 value beyond 2^53";
    values[key] = value;
    offset += 8;
  }
  return undefined;
}
