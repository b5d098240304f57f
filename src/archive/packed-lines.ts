import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";

const blockBytes = 256 * 1024;

/**
 * Text lines that come one at a time and are needed at the end: held compressed, so that a line for each of 200,000
 * entries costs a few MiB. A block is compressed in about a millisecond.
 */
export class PackedLines {
  readonly #blocks: { packed: Buffer; plainBytes: number }[] = [];
  /** Lines that are not encoded yet: one by one that would take longer than all the rest. */
  #lines: string[] = [];
  #characters = 0;
  #plainBytes = 0;

  /** @param line with or without its newline, which it gets */
  add(line: string): void {
    const at = line.indexOf("\n");
    if (at !== -1 && at !== line.length - 1) throw new Error("a line has one newline, at its end");
    this.#lines.push(at === -1 ? `${line}\n` : line);
    this.#characters += line.length;
    if (this.#characters >= blockBytes) this.#pack();
  }

  /** Bytes of all lines. */
  get plainBytes(): number {
    this.#pack();
    return this.#plainBytes;
  }

  /** The lines in order, in large chunks that belong to the receiver; may be called again. */
  async *read(): AsyncGenerator<Buffer> {
    this.#pack();
    for (const { packed, plainBytes } of this.#blocks) {
      yield zstdDecompressSync(packed, { chunkSize: Math.max(64, plainBytes) });
    }
  }

  /** All of the lines in one piece of memory. */
  async whole(): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.read()) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  #pack(): void {
    if (this.#lines.length === 0) return;
    const plain = Buffer.from(this.#lines.join(""), "utf8");
    this.#plainBytes += plain.length;
    const params = { [constants.ZSTD_c_compressionLevel]: 1 };
    this.#blocks.push({ packed: zstdCompressSync(plain, { params }), plainBytes: plain.length });
    this.#lines = [];
    this.#characters = 0;
  }
}
