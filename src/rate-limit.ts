import { setTimeout as timer } from "node:timers/promises";

/** A clock that never jumps, and a way to wait by it. */
export interface SteadyClock {
  nowMs(): number;
  /** Waits about that long; ends early, in whatever way, when the signal is aborted. */
  sleep(durationMs: number, signal: AbortSignal): Promise<void>;
}

const steadyClock: SteadyClock = {
  nowMs: () => performance.now(),
  sleep: async (durationMs, signal) => await timer(durationMs, undefined, { signal }),
};

/** What an idle time saves up for later: enough to make good for late timers, too little for a disk or a line to notice. */
const burstMs = 250;
/** A timer that is set for longer than 24 days fires at once. */
const longestSleepMs = 3_600_000;

/**
 * A token bucket: over any time no more than the rate and a burst of a quarter of a second's bytes are let through.
 * Several may take from it at once; they are served in the order of asking.
 */
export class RateLimit {
  readonly #bytesPerMs: number;
  readonly #signal: AbortSignal;
  readonly #clock: SteadyClock;
  /** When all that was asked for so far has been paid; the bucket is full when that is a burst ago. */
  #paidAtMs = Number.NEGATIVE_INFINITY;

  /**
   * @param bytesPerSecond more than 0
   * @param signal ends every wait, with its reason
   */
  constructor(bytesPerSecond: number, signal: AbortSignal, clock: SteadyClock = steadyClock) {
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#signal = signal;
    this.#clock = clock;
  }

  /**
   * Resolves when bytes may pass, which may be more than a burst: they take their time then.
   * @throws the signal's reason
   */
  async take(bytes: number): Promise<void> {
    const clock = this.#clock;
    this.#signal.throwIfAborted();
    this.#paidAtMs = Math.max(this.#paidAtMs, clock.nowMs() - burstMs) + bytes / this.#bytesPerMs;
    const dueMs = this.#paidAtMs;
    for (let waitMs = dueMs - clock.nowMs(); waitMs > 0; waitMs = dueMs - clock.nowMs()) {
      await clock.sleep(Math.min(waitMs, longestSleepMs), this.#signal).catch(() => undefined);
      this.#signal.throwIfAborted();
    }
  }
}

/**
 * A limit, where there is to be one.
 * @param bytesPerSecond undefined or 0: none
 */
export function rateLimit(bytesPerSecond: number | undefined, signal: AbortSignal): RateLimit | undefined {
  return bytesPerSecond === undefined || bytesPerSecond === 0 ? undefined : new RateLimit(bytesPerSecond, signal);
}
