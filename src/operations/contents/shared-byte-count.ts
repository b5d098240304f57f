/** A number of bytes that threads add to and one of them takes from. */
export class SharedByteCount {
  /** To be handed to other threads. */
  readonly memory: SharedArrayBuffer;
  readonly #count: BigInt64Array;

  /** @param memory of a count that was made in another thread */
  constructor(memory = new SharedArrayBuffer(8)) {
    this.memory = memory;
    this.#count = new BigInt64Array(memory);
  }

  add(bytes: number): void {
    Atomics.add(this.#count, 0, BigInt(bytes));
  }

  /** What was added since it was last taken. */
  take(): number {
    return Number(Atomics.exchange(this.#count, 0, 0n));
  }
}
