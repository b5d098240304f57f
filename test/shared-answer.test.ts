import { expect, test } from "vitest";
import { SharedAnswer } from "../src/shared-answer.ts";

test("who asks while it is under way shares the next answer, which is not older than the question", async () => {
  let state = 0;
  let calls = 0;
  const gates: PromiseWithResolvers<void>[] = [];
  const shared = new SharedAnswer(async () => {
    calls += 1;
    const seen = state;
    const gate = Promise.withResolvers<void>();
    gates.push(gate);
    await gate.promise;
    if (seen === 2) throw new Error("it failed");
    return seen;
  });
  const first = shared.get();
  state = 1;
  const [second, third] = [shared.get(), shared.get()];
  gates[0]?.resolve();
  expect(await first).toBe(0);
  while (gates.length < 2) await Promise.resolve();
  gates[1]?.resolve();
  expect(await Promise.all([second, third])).toEqual([1, 1]);
  expect(calls).toBe(2);
  state = 2;
  const failing = shared.get();
  state = 3;
  const behind = shared.get();
  gates[2]?.resolve();
  await expect(failing).rejects.toThrow("it failed");
  while (gates.length < 4) await Promise.resolve();
  gates[3]?.resolve();
  // A failure is of those alone who asked for that one.
  expect(await behind).toBe(3);
});
