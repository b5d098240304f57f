/** What a stage's progress amounts to at a moment. */
export interface Rate {
  /** Bytes a second over the last seconds; undefined until enough is known, and while no byte has come. */
  bytesPerSecond: number | undefined;
  /** Time left at that rate; undefined without a total. */
  remainingMs: number | undefined;
}

const windowMs = 5000;

/** Works out rate and time left of one stage from its latest seconds, so that a slow start does not weigh on it. */
export class RateMeter {
  readonly #samples: { atMs: number; doneBytes: number }[] = [];

  /**
   * Takes a count and tells the rate.
   * @param atMs moment on a steady clock
   */
  measure(atMs: number, doneBytes: number, totalBytes: number | undefined): Rate {
    this.#samples.push({ atMs, doneBytes });
    while (this.#samples.length > 2 && atMs - (this.#samples[1]?.atMs ?? atMs) >= windowMs) this.#samples.shift();
    const first = this.#samples[0];
    if (first === undefined || atMs - first.atMs < 500 || doneBytes === 0)
      return { bytesPerSecond: undefined, remainingMs: undefined };
    const bytesPerSecond = ((doneBytes - first.doneBytes) * 1000) / (atMs - first.atMs);
    const remaining = totalBytes === undefined ? undefined : Math.max(0, totalBytes - doneBytes);
    const remainingMs =
      remaining === undefined || bytesPerSecond <= 0 ? undefined : (remaining * 1000) / bytesPerSecond;
    return { bytesPerSecond, remainingMs };
  }
}
