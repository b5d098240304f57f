import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RateLimit, type SteadyClock, rateLimit } from "../src/rate-limit.ts";

const burstSeconds = 0.25;
const never = new AbortController().signal;

/** A clock that stands still until it is told to go on. */
class FakeClock implements SteadyClock {
  #nowMs = 0;
  longestSleepMs = 0;
  #sleepers: { atMs: number; wake: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  sleep(durationMs: number, signal: AbortSignal): Promise<void> {
    this.longestSleepMs = Math.max(this.longestSleepMs, durationMs);
    return new Promise((resolve, reject) => {
      this.#sleepers.push({ atMs: this.#nowMs + durationMs, wake: resolve });
      signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
    });
  }

  /** Lets time pass, from one sleeper to the next; whoever wakes goes as far as it can at that moment. */
  async pass(durationMs: number): Promise<void> {
    const endMs = this.#nowMs + durationMs;
    for (;;) {
      const next = this.#sleepers.toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#sleepers = this.#sleepers.filter((sleeper) => sleeper !== next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.wake();
      await settle();
    }
    this.#nowMs = endMs;
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a rate limit", () => {
  test("lets no more through by any moment than rate and burst, all of it in the end, in the order of asking", async () => {
    const step = fc.record({
      pauseMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 5000 })),
      bytes: fc.integer({ min: 0, max: 5000 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 10_000 }), fc.array(step, { maxLength: 20 }), async (rate, steps) => {
        const clock = new FakeClock();
        const limit = new RateLimit(rate, never, clock);
        const passed: { asked: number; atMs: number; bytes: number }[] = [];
        for (const [asked, { pauseMs, bytes }] of steps.entries()) {
          await clock.pass(pauseMs);
          void limit.take(bytes).then(() => passed.push({ asked, atMs: clock.nowMs(), bytes }));
          await settle();
        }
        const allBytes = steps.reduce((sum, { bytes }) => sum + bytes, 0);
        await clock.pass((allBytes / rate) * 1000 + 1);
        expect(passed.map(({ asked }) => asked)).toEqual(steps.map((_, index) => index));
        for (const first of passed.keys()) {
          // After any moment at which something passed, so that an idle time saves up no more than the burst.
          const sinceMs = passed[first - 1]?.atMs ?? 0;
          let bytes = 0;
          for (const { atMs, bytes: more } of passed.slice(first)) {
            bytes += more;
            expect(bytes).toBeLessThanOrEqual(rate * ((atMs - sinceMs) / 1000 + burstSeconds) + 0.001);
          }
        }
      }),
    );
  });

  test("has those who ask for more than a burst wait their time, and no longer", async () => {
    const clock = new FakeClock();
    const limit = new RateLimit(1000, never, clock);
    let passed = false;
    void limit.take(10_250).then(() => (passed = true));
    await clock.pass(9_999);
    expect(passed).toBe(false);
    await clock.pass(1);
    expect(passed).toBe(true);
  });

  test("waits longer than a timer can", async () => {
    const clock = new FakeClock();
    const limit = new RateLimit(1, never, clock);
    let passed = false;
    void limit.take(5_000_000).then(() => (passed = true));
    await clock.pass(4_999_000_000);
    expect(passed).toBe(false);
    await clock.pass(1_000_000);
    expect(passed).toBe(true);
    expect(clock.longestSleepMs).toBeLessThan(2 ** 31);
  });

  test("ends every wait with the signal's reason, on the machine's own clock too", async () => {
    for (const clock of [new FakeClock(), undefined]) {
      const abort = new AbortController();
      const limit = new RateLimit(1, abort.signal, clock);
      const waits = [limit.take(1000), limit.take(1000)];
      await settle();
      const reason = new Error("enough");
      abort.abort(reason);
      for (const wait of waits) await expect(wait).rejects.toBe(reason);
      await expect(limit.take(0)).rejects.toBe(reason);
    }
  });

  test("is none where nothing is set", () => {
    expect([undefined, 0].map((rate) => rateLimit(rate, never))).toEqual([undefined, undefined]);
    expect(rateLimit(1, never)).toBeInstanceOf(RateLimit);
  });
});
