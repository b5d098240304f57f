import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { forEachAtOnce } from "../src/for-each-at-once.ts";

describe("for each at once", () => {
  it("does every item once, no more at a time than told", async () => {
    const done: number[] = [];
    let running = 0;
    let most = 0;
    async function* items(): AsyncGenerator<number> {
      for (let item = 0; item < 50; item += 1) {
        await sleep(item % 3);
        yield item;
      }
    }
    await forEachAtOnce(items(), 4, async (item) => {
      running += 1;
      most = Math.max(most, running);
      await sleep(3);
      running -= 1;
      done.push(item);
    });
    expect(done.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, item) => item));
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4);
  });

  it("ends with the first error, when nothing runs any more", async () => {
    let running = 0;
    const started: number[] = [];
    const all = forEachAtOnce([1, 2, 3, 4, 5, 6, 7, 8], 2, async (item) => {
      started.push(item);
      running += 1;
      await sleep(5 * item);
      running -= 1;
      if (item === 2) throw new Error("item 2");
    });
    await expect(all).rejects.toThrow("item 2");
    expect(running).toBe(0);
    expect(started.length).toBeLessThan(8);
  });
});
