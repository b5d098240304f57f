import type { ByteSource } from "../../bytes.ts";
import { Signature } from "../zip-fields.ts";

const windowBytes = 4 * 1024 * 1024;
const firstBytes = Buffer.from("PK");

/** A place where a record of a ZIP may begin: four bytes that say so, which any data may hold by chance or as a ZIP of its own. */
export interface SignatureHit {
  offsetBytes: number;
  kind: "local" | "descriptor" | "central" | "end";
}

const kinds = new Map<number, SignatureHit["kind"]>([
  [Signature.localHeader, "local"],
  [Signature.dataDescriptor, "descriptor"],
  [Signature.centralHeader, "central"],
  [Signature.end, "end"],
]);

/** Reads a file from one end to the other, and a little around any place, by few large reads. */
export class SignatureSearch {
  readonly #source: ByteSource;
  #start = 0;
  #window: Buffer = Buffer.alloc(0);

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** Bytes at an offset; fewer at the end of the file. */
  async at(offsetBytes: number, lengthBytes: number): Promise<Buffer> {
    const length = Math.max(0, Math.min(lengthBytes, this.#source.sizeBytes - offsetBytes));
    const inside = offsetBytes >= this.#start && offsetBytes + length <= this.#start + this.#window.length;
    if (inside) return this.#window.subarray(offsetBytes - this.#start, offsetBytes - this.#start + length);
    return length === 0 ? Buffer.alloc(0) : await this.#source.read(offsetBytes, length);
  }

  /** Every signature from an offset on, in order. */
  async *from(offsetBytes: number): AsyncGenerator<SignatureHit> {
    for (let at = offsetBytes; at + 4 <= this.#source.sizeBytes;) {
      const length = Math.min(windowBytes, this.#source.sizeBytes - at);
      this.#window = await this.#source.read(at, length);
      this.#start = at;
      const window = this.#window;
      for (let index = window.indexOf(firstBytes); index !== -1; index = window.indexOf(firstBytes, index + 1)) {
        const kind = index + 4 <= length ? kinds.get(window.readUInt32LE(index)) : undefined;
        if (kind !== undefined) yield { offsetBytes: at + index, kind };
      }
      // The last three bytes may begin one.
      at += length === windowBytes ? length - 3 : length;
    }
  }
}
