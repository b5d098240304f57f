import { WebError } from "../web-error.ts";

/** Who comes while so many wait is sent away. */
const mostWaiting = 20;

/**
 * Does dear work one at a time: each takes 128 MiB and a thread that others need for files.
 * @throws WebError busy when too many wait already
 */
export class OneAtATime {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= mostWaiting)
      throw new WebError(503, "busy", "too many sign in at the same time", { retryAfterS: 5 });
    this.#waiting += 1;
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    try {
      return await result;
    } finally {
      this.#waiting -= 1;
    }
  }
}
