import { AnsweringThread } from "../../src/answering-thread.ts";
import { type Campaign, mustHold } from "./campaign.ts";
import { fuzzTargets } from "./fuzz/targets.ts";
import type { FuzzAnswer, FuzzBatch } from "./fuzz/thread.ts";

/** Inputs of a case. */
const inputsPerCase = 500;
/** A case takes a second at most: what takes this long does not come back. */
const patienceMs = 10 * 60_000;
/** Far more than inputs of some KiB can need. */
const heapMb = 1024;

interface World {
  thread: AnsweringThread<FuzzBatch, FuzzAnswer>;
}

/** Feeds decoders with changed inputs: what comes out is a value, or an error that the decoder documents. */
export const fuzz: Campaign<World> = {
  name: "fuzz",
  about: `feeds a decoder ${inputsPerCase} changed inputs, whole, in chunks and byte by byte`,
  shortCount: 3 * fuzzTargets.length,
  fullCount: 2000,
  async prepare(setting) {
    const data = { heap: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 64 } };
    const thread = new AnsweringThread<FuzzBatch, FuzzAnswer>(new URL("./fuzz/thread", import.meta.url), data);
    setting.note(`decoders: ${fuzzTargets.map(({ name }) => name).join(", ")}`);
    return { world: { thread }, close: () => thread.close() };
  },
  async runCase({ thread }, { seed, random }) {
    const { name } = fuzzTargets[seed % fuzzTargets.length]!;
    const asked = thread.ask({ target: name, seed: random.below(2 ** 32), count: inputsPerCase });
    const { decoded, refused, failure } = await beforeLong(asked, name);
    mustHold(
      failure === undefined,
      `${name}: an input is decoded, or refused with the decoder's own error`,
      failure ?? "",
    );
    mustHold(decoded + refused === inputsPerCase, `${name}: each input comes out one way or the other`);
    return `of ${name}`;
  },
};

async function beforeLong(asked: Promise<FuzzAnswer>, name: string): Promise<FuzzAnswer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), patienceMs);
  });
  try {
    const answer = await Promise.race([asked, late]);
    mustHold(answer !== undefined, `${name}: every input comes to an end`);
    return answer;
  } finally {
    clearTimeout(timer);
  }
}
