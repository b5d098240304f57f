/** Lets so many calls run at once; the others wait for their turn, in order. */
export class CallLimit {
  readonly #atOnce: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Runs the call when it is its turn; settles as it does. */
  async run<Result>(call: () => Promise<Result>): Promise<Result> {
    if (this.#running >= this.#atOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await call();
    } finally {
      const next = this.#waiting.shift();
      // The one that is next takes over this one's place.
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
