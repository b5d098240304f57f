/** Sizes of a component's records by their numbers, a million in 16 MiB. */
export class RecordSizes {
  #plain = new Float64Array(1024);
  #stored = new Float64Array(1024);
  #count = 0;

  /** Numbers count from 1 without a gap, so that one far ahead of the others is no record's. */
  set(id: number, plainBytes: number, storedBytes: number): void {
    if (id < 1 || id > 2 * this.#count + 1024) return;
    while (id >= this.#plain.length) {
      this.#plain = doubled(this.#plain);
      this.#stored = doubled(this.#stored);
    }
    // Zero is that there is none.
    this.#plain[id] = plainBytes + 1;
    this.#stored[id] = storedBytes;
    this.#count += 1;
  }

  /** Takes a record's sizes away; undefined when there are none, or not any more. */
  take(id: number): { plainBytes: number; storedBytes: number } | undefined {
    const plain = this.#plain[id] ?? 0;
    if (plain === 0) return undefined;
    this.#plain[id] = 0;
    return { plainBytes: plain - 1, storedBytes: this.#stored[id] ?? 0 };
  }

  /** Takes all that are left. */
  *rest(): Generator<{ plainBytes: number; storedBytes: number }> {
    for (let id = 1; id < this.#plain.length; id += 1) {
      const sizes = this.take(id);
      if (sizes !== undefined) yield sizes;
    }
  }
}

function doubled(array: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const wider = new Float64Array(array.length * 2);
  wider.set(array);
  return wider;
}
