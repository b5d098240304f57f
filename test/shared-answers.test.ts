import { expect, test } from "vitest";
import { SharedAnswers } from "../src/shared-answers.ts";

test("who asks at the same time shares an answer, and nobody gets one that was begun before", async () => {
  const answers = new SharedAnswers<number>();
  const begun: PromiseWithResolvers<number>[] = [];
  const ask = async (): Promise<number> =>
    await answers.ask("archives", async () => {
      const work = Promise.withResolvers<number>();
      begun.push(work);
      return await work.promise;
    });
  const first = [ask(), ask()];
  await new Promise(setImmediate);
  expect(begun.length).toBe(1);
  const second = [ask(), ask(), ask()];
  await new Promise(setImmediate);
  // Another matter waits for nobody.
  expect(await answers.ask("room", () => Promise.resolve(7))).toBe(7);
  expect(begun.length).toBe(1);
  begun[0]?.resolve(1);
  expect(await Promise.all(first)).toEqual([1, 1]);
  await new Promise(setImmediate);
  expect(begun.length).toBe(2);
  begun[1]?.reject(new Error("it failed"));
  for (const answer of second) await expect(answer).rejects.toThrow("it failed");
  const third = ask();
  await new Promise(setImmediate);
  begun[2]?.resolve(3);
  expect(await third).toBe(3);
});
