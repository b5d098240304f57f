import { chunkBytes } from "./age-format.ts";
import { chunkRange, copyOverlap, openChunks, type Payload } from "./payload.ts";

/** Reads bytes of the encrypted file into a buffer, all of it, by a call that waits or by one that is waited for. */
export type ReadFully = (offsetBytes: number, buffer: Buffer) => void | Promise<void>;

/** The plain bytes of an age file for a thread, one read at a time. */
export class SealedReader {
  readonly #payload: Payload;
  readonly #readFully: ReadFully;
  #room: Buffer = Buffer.alloc(0);
  /** What the read before has opened last: the next one begins in it as a rule. */
  #last: { index: number; offsetBytes: number; plain: Buffer } | undefined;

  constructor(payload: Payload, readFully: ReadFully) {
    this.#payload = payload;
    this.#readFully = readFully;
  }

  /**
   * Fills a buffer with plain bytes; all of them must be inside of the file.
   * @throws DamagedError chunk-damaged; what `readFully` throws
   */
  async read(offsetBytes: number, target: Buffer): Promise<void> {
    if (target.length === 0) return;
    let first = Math.floor(offsetBytes / chunkBytes);
    const last = Math.floor((offsetBytes + target.length - 1) / chunkBytes);
    if (this.#last?.index === first) {
      copyOverlap(this.#last, target, offsetBytes);
      first += 1;
    }
    if (first > last) return;
    const range = chunkRange(this.#payload, first, last);
    if (this.#room.length < range.lengthBytes) this.#room = Buffer.allocUnsafeSlow(range.lengthBytes);
    const sealed = this.#room.subarray(0, range.lengthBytes);
    await this.#readFully(range.offsetBytes, sealed);
    for (const chunk of openChunks(this.#payload, range, sealed)) {
      copyOverlap(chunk, target, offsetBytes);
      this.#last = chunk;
    }
  }
}
