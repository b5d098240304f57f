/** How long uploads took: the longest, and what 99 of 100 stayed below, in milliseconds. */
export class Pauses {
  #all: number[] = [];

  add(durationMs: number): void {
    this.#all.push(durationMs);
  }

  /** `412 uploads: p99 12 ms, longest 40 ms`. */
  toString(): string {
    const sorted = this.#all.toSorted((a, b) => a - b);
    const p99 = sorted[Math.max(0, Math.ceil(sorted.length * 0.99) - 1)] ?? 0;
    return `${sorted.length} uploads: p99 ${p99.toFixed(1)} ms, longest ${(sorted.at(-1) ?? 0).toFixed(1)} ms`;
  }
}
