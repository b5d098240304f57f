import { isUtf8 } from "node:buffer";

/**
 * Text of a dump, which is not always UTF-8 (a database in SQL_ASCII, or an archive of a LATIN1 one): a byte that is part
 * of no UTF-8 character becomes the lone surrogate U+DC80 to U+DCFF, so that {@link encodeText} gives the same bytes again.
 */
export function decodeText(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString("utf8");
  // A code unit for a byte is room enough; joining characters one by one took 32 bytes for each of what may be 256 MiB.
  const units = Buffer.allocUnsafe(bytes.length * 2);
  let used = 0;
  let offset = 0;
  while (offset < bytes.length) {
    const length = validPrefix(bytes, offset);
    if (length > 0) {
      used += units.write(bytes.toString("utf8", offset, offset + length), used, "utf16le");
      offset += length;
    } else {
      used = units.writeUInt16LE(0xdc00 + bytes[offset]!, used);
      offset++;
    }
  }
  return units.toString("utf16le", 0, used);
}

/**
 * The bytes that {@link decodeText} made the text from.
 * @throws RangeError for a lone surrogate that stands for no byte
 */
export function encodeText(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, "utf8");
  const parts: Buffer[] = [];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code >= 0xd800 && code <= 0xdfff) {
      if (code < 0xdc80 || code > 0xdcff) throw new RangeError("the text holds a lone surrogate");
      parts.push(Buffer.of(code - 0xdc00));
    } else {
      parts.push(Buffer.from(character, "utf8"));
    }
  }
  return Buffer.concat(parts);
}

/** Length of the valid UTF-8 that starts at the offset, up to the end of what the bytes hold of it. */
function validPrefix(bytes: Buffer, offset: number): number {
  let end = offset;
  while (end < bytes.length) {
    const lead = bytes[end]!;
    const size = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    if (size === 0 || end + size > bytes.length) break;
    if (size > 1 && !isUtf8(bytes.subarray(end, end + size))) break;
    end += size;
  }
  return end - offset;
}
