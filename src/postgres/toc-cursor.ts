import { DamagedError } from "../errors.ts";
import { decodeText } from "./toc-text.ts";

/** Thrown inside the decoder when the bytes so far end in the middle of something; never leaves it. */
export const needMore: Error = new Error("the bytes so far end in the middle");

/** No definition, name or statement is longer; a length beyond it is damage. */
const MAX_TEXT_BYTES = 256 * 1024 * 1024;

/** Reads the primitive fields of a table of contents (`ReadInt`, `ReadStr`, ... of pg_backup_archiver.c) from a buffer. */
export class TocCursor {
  /** Next byte to read, within `bytes`. */
  position = 0;
  bytes: Buffer;
  /** Offset in the file of the first of `bytes`. */
  readonly baseOffset: number;
  readonly #label: string;

  constructor(label: string, bytes: Buffer, baseOffset: number) {
    this.#label = label;
    this.bytes = bytes;
    this.baseOffset = baseOffset;
  }

  /** A damage found at the byte that starts `back` bytes before the next one. */
  damaged(what: string, back = 0): DamagedError {
    const offset = this.baseOffset + this.position - back;
    return new DamagedError("damaged-toc", `${this.#label}: ${what} at byte ${offset}`);
  }

  byte(): number {
    if (this.position >= this.bytes.length) throw needMore;
    return this.bytes[this.position++]!;
  }

  take(lengthBytes: number): Buffer {
    if (lengthBytes > this.bytes.length - this.position) throw needMore;
    this.position += lengthBytes;
    return this.bytes.subarray(this.position - lengthBytes, this.position);
  }

  /** A sign byte and four bytes, the lowest first. */
  int(): number {
    const sign = this.byte();
    if (sign > 1) throw this.damaged(`the sign of a number is ${sign}, expected 0 or 1`, 1);
    const magnitude = this.take(4).readUInt32LE(0);
    if (magnitude > 0x7fffffff) throw this.damaged(`a number of ${magnitude} is out of range`, 5);
    return sign === 1 && magnitude !== 0 ? -magnitude : magnitude;
  }

  intBetween(what: string, low: number, high: number): number {
    const value = this.int();
    if (value < low || value > high) throw this.damaged(`${what} is ${value}, expected ${low} to ${high}`, 5);
    return value;
  }

  /** A length and so many bytes; a length of -1 is null. */
  text(what: string): string | null {
    const length = this.intBetween(`the length of ${what}`, -1, MAX_TEXT_BYTES);
    if (length === -1) return null;
    const bytes = this.take(length);
    if (bytes.includes(0)) throw this.damaged(`${what} holds a NUL byte`, length);
    return decodeText(bytes);
  }

  /** A number written as decimal digits. */
  decimal(what: string, low: number): string {
    const text = this.text(what);
    if (text === null || !/^\d{1,10}$/.test(text) || Number(text) < low || Number(text) > 0xffffffff) {
      throw this.damaged(
        `${what} is not a number, found ${JSON.stringify(text?.slice(0, 40) ?? null)}, before the byte`,
      );
    }
    return text;
  }
}
