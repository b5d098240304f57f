import { expect, test } from "vitest";
import { askThreads } from "../../../src/operations/contents/ask-threads.ts";

test.each([1, 3])("no more threads work than are asked for: %i", async (threads) => {
  const numbers: number[] = [];
  await askThreads<number, number>({
    module: new URL("../../fixtures/thread-number", import.meta.url),
    given: undefined,
    sources: [],
    batches: Array.from({ length: 12 }, (_, index) => index),
    threads,
    onAnswer: (_batch, number) => void numbers.push(number),
    onBytes() {},
    signal: new AbortController().signal,
  });
  expect(numbers).toHaveLength(12);
  expect(new Set(numbers).size).toBe(threads);
});
