/*
 * A thread of its own that tries inputs on a decoder: one that never comes back, or takes all the memory that it may have, ends
 * with its thread.
 */
import { parentPort } from "node:worker_threads";
import type { Random } from "../random.ts";
import { mutate } from "./mutate.ts";
import { quickRandomOf } from "./quick-random.ts";
import { type Feeding, tryInput } from "./target.ts";
import { fuzzTargets } from "./targets.ts";

/** Inputs to try. */
export interface FuzzBatch {
  /** Name of the decoder. */
  target: string;
  seed: number;
  count: number;
}

/** What came of them. */
export interface FuzzAnswer {
  decoded: number;
  refused: number;
  /** What must not be: an error that no decoder documents, or ways of feeding that differ. */
  failure: string | undefined;
}

const seedsOf = new Map<string, readonly Buffer[]>();

async function tryBatch({ target: name, seed, count }: FuzzBatch): Promise<FuzzAnswer> {
  const target = fuzzTargets.find((one) => one.name === name);
  if (target === undefined) throw new Error(`there is no decoder ${name}`);
  const seeds = seedsOf.get(name) ?? (await target.seeds());
  seedsOf.set(name, seeds);
  const random = quickRandomOf(seed);
  const answer: FuzzAnswer = { decoded: 0, refused: 0, failure: undefined };
  for (let index = 0; index < count; index += 1) {
    // The first is a valid one, which must be decoded.
    const valid = random.oneOf(seeds);
    const input = index === 0 ? valid : mutate(valid, random, random.oneOf(seeds));
    const feeding = target.takesChunks && random.below(3) === 0 ? drawFeeding(random, input.length) : undefined;
    try {
      const whole = await tryInput(target, input, []);
      if (index === 0 && whole.kind !== "decoded") throw new Error(`a valid input is refused: ${whole.value}`);
      answer[whole.kind] += 1;
      if (feeding === undefined) continue;
      const inChunks = await tryInput(target, input, feeding);
      const differs = whole.kind !== inChunks.kind || (whole.kind === "decoded" && whole.value !== inChunks.value);
      if (differs) throw new Error(`fed in chunks of ${feeding.join(", ")}: ${JSON.stringify([whole, inChunks])}`);
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      answer.failure = `input ${index}, ${input.length} bytes, in base64: ${input.toString("base64").slice(0, 8000)}\n${text}`;
      break;
    }
  }
  return answer;
}

function drawFeeding(random: Random, length: number): Feeding {
  // A byte at a time as long as that is not most of the time that all takes.
  if (length <= 4000 && random.below(2) === 0) return [1];
  return Array.from({ length: 1 + random.below(4) }, () => 1 + random.below(Math.max(1, Math.min(length, 5000))));
}

parentPort?.on("message", (batch: FuzzBatch) => {
  void tryBatch(batch).then((answer) => parentPort?.postMessage(answer));
});
