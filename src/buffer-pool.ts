const smallestBytes = 64 * 1024;

/**
 * Buffers that are used again, and that threads may fill. Fresh memory is slow (the kernel clears every page, and each
 * buffer brings the garbage collector nearer): a backup that took a new one for each block spent a sixth of its CPU time
 * in the collector. Sizes are powers of two from 64 KiB up to the largest; a larger buffer is made for the occasion and
 * not kept.
 */
export class BufferPool {
  readonly #largestBytes: number;
  readonly #free = new Map<number, SharedArrayBuffer[]>();
  readonly #lent = new Set<ArrayBufferLike>();

  /** @param largestBytes a power of two */
  constructor(largestBytes: number) {
    this.#largestBytes = largestBytes;
  }

  /** Lends a buffer of at least this size, with any content; it is all of its `buffer`, which is shared memory. */
  take(sizeBytes: number): Buffer<SharedArrayBuffer> {
    if (sizeBytes > this.#largestBytes) return Buffer.from(new SharedArrayBuffer(sizeBytes));
    const rounded = Math.max(smallestBytes, 2 ** Math.ceil(Math.log2(sizeBytes)));
    const memory = this.#free.get(rounded)?.pop() ?? new SharedArrayBuffer(rounded);
    this.#lent.add(memory);
    return Buffer.from(memory);
  }

  /** Takes a buffer back, or any part of it; what is not of this pool is left to the garbage collector. */
  giveBack(bytes: Uint8Array): void {
    const { buffer } = bytes;
    if (!(buffer instanceof SharedArrayBuffer) || !this.#lent.delete(buffer)) return;
    const free = this.#free.get(buffer.byteLength);
    if (free === undefined) this.#free.set(buffer.byteLength, [buffer]);
    else free.push(buffer);
  }
}
