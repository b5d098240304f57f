import { DamagedError } from "../errors.ts";
import { decodeText } from "./toc-text.ts";

/** Thrown inside the decoder when the bytes so far end in the middle of something; never leaves it. */
export const needMore: Error = new Error("the bytes so far end in the middle");

/** No definition, name or statement is longer; a length beyond it is damage. */
const MAX_TEXT_BYTES = 256 * 1024 * 1024;

/** Longer texts are looked at by native code, which is faster by then. */
const longestPlainBytes = 256;

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
    if (this.bytes.length - this.position < 4) throw needMore;
    // in place: a buffer for each of millions of numbers kept the collector busy
    const magnitude = this.bytes.readUInt32LE(this.position);
    this.position += 4;
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
    if (this.#isPlain(length)) {
      this.position += length;
      return this.bytes.toString("latin1", this.position - length, this.position);
    }
    const bytes = this.take(length);
    if (bytes.includes(0)) throw this.damaged(`${what} holds a NUL byte`, length);
    return decodeText(bytes);
  }

  /** Whether so many bytes are there and all of them ASCII, as most short texts are, which then need no buffer of their own. */
  #isPlain(length: number): boolean {
    const end = this.position + length;
    if (length > longestPlainBytes || end > this.bytes.length) return false;
    for (let index = this.position; index < end; index += 1) {
      const byte = this.bytes[index]!;
      if (byte === 0 || byte >= 0x80) return false;
    }
    return true;
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
