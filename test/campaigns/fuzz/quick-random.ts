import type { Random } from "../random.ts";

/**
 * Choices that follow from a seed alone, some hundred million in a second (mulberry32): a mutation takes many, and a digest for
 * each would take longer than the decoders do.
 * @param seed 32 bits of it count
 */
export function quickRandomOf(seed: number): Random {
  let state = seed >>> 0;
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    fraction,
    below: (limit) => Math.floor(fraction() * limit),
    oneOf<T>(choices: readonly T[]): T {
      return choices[Math.floor(fraction() * choices.length)] as T;
    },
  };
}
