/**
 * Bounds the bytes that are in flight between readers that run ahead and the one writer that takes pieces in order.
 * The piece at the head may always hold some bytes of its own, whatever the pieces behind it hold: otherwise they could
 * fill the budget and wait for the head, which would wait for them.
 */
export class ByteBudget {
  readonly #limitBytes: number;
  readonly #headBytes: number;
  #usedBytes = 0;
  #head = 0;
  readonly #held = new Map<number, number>();
  #waiting: (() => void)[] = [];
  #error: unknown;
  #failed = false;

  /**
   * @param limitBytes what all pieces together may hold
   * @param headBytes what the piece at the head may hold even when nothing is left
   */
  constructor(limitBytes: number, headBytes: number) {
    this.#limitBytes = limitBytes;
    this.#headBytes = headBytes;
  }

  /**
   * Waits until a piece may hold more bytes, and counts them.
   * @throws what `fail` was given, so that no reader waits for ever
   */
  async take(piece: number, bytes: number): Promise<void> {
    for (;;) {
      if (this.#failed) throw this.#error;
      const own = this.#held.get(piece) ?? 0;
      // A single block beyond the whole limit passes alone.
      const fits = this.#usedBytes + bytes <= this.#limitBytes || this.#usedBytes === 0;
      const headFits = piece === this.#head && (own === 0 || own + bytes <= this.#headBytes);
      if (fits || headFits) {
        this.#usedBytes += bytes;
        this.#held.set(piece, own + bytes);
        return;
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Gives bytes back: they were written, or became fewer by compression. */
  release(piece: number, bytes: number): void {
    this.#usedBytes -= bytes;
    const left = (this.#held.get(piece) ?? 0) - bytes;
    if (left === 0) this.#held.delete(piece);
    else this.#held.set(piece, left);
    this.#wake();
  }

  /** The next piece is at the head now. */
  advance(): void {
    this.#head += 1;
    this.#wake();
  }

  /** Ends every wait, now and later, with an error. */
  fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#error = error;
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
