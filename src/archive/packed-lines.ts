import { createHash } from "node:crypto";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";

const blockBytes = 256 * 1024;
const newline = 0x0a;

/**
 * Text lines that come one at a time and are needed at the end: held compressed, so that a line for each of 200,000
 * entries costs a few MiB. A block is compressed in about a millisecond.
 */
export class PackedLines {
  readonly #blocks: { packed: Buffer; plainBytes: number }[] = [];
  readonly #digest = createHash("sha256");
  #parts: Buffer[] = [];
  #partBytes = 0;
  #plainBytes = 0;

  /** @param line with or without its newline, which it gets */
  add(line: string): void {
    const bytes = Buffer.from(line.endsWith("\n") ? line : `${line}\n`, "utf8");
    if (bytes.indexOf(newline) !== bytes.length - 1) throw new Error("a line has one newline, at its end");
    this.#digest.update(bytes);
    this.#plainBytes += bytes.length;
    this.#parts.push(bytes);
    this.#partBytes += bytes.length;
    if (this.#partBytes >= blockBytes) this.#pack();
  }

  /** Bytes of all lines. */
  get plainBytes(): number {
    return this.#plainBytes;
  }

  /** Lower-case hex digest of all lines so far. */
  get sha256(): string {
    return this.#digest.copy().digest("hex");
  }

  /** The lines in order, in large chunks that belong to the receiver; may be called again. */
  async *read(): AsyncGenerator<Buffer> {
    for (const { packed, plainBytes } of this.#blocks) {
      yield zstdDecompressSync(packed, { chunkSize: Math.max(64, plainBytes) });
    }
    if (this.#parts.length > 0) yield Buffer.concat(this.#parts);
  }

  #pack(): void {
    const plain = Buffer.concat(this.#parts);
    const params = { [constants.ZSTD_c_compressionLevel]: 1 };
    this.#blocks.push({ packed: zstdCompressSync(plain, { params }), plainBytes: plain.length });
    this.#parts = [];
    this.#partBytes = 0;
  }
}
