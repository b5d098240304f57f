import { createHash } from "node:crypto";

/** Choices that follow from a seed alone, the same on every machine. */
export interface Random {
  /** A number from 0 to below 1. */
  fraction(): number;
  /** A whole number from 0 to below `limit`, which is at most 2^48. */
  below(limit: number): number;
  /** One of some, each as likely. */
  oneOf<T>(choices: readonly T[]): T;
}

/** A stream of choices: 48 bits at a time of the SHA-256 of the seed and a count. */
export function randomOf(seed: number): Random {
  let count = 0;
  const fraction = (): number => {
    const digest = createHash("sha256").update(`${seed} ${count}`).digest();
    count += 1;
    return digest.readUIntBE(0, 6) / 2 ** 48;
  };
  return {
    fraction,
    below: (limit) => Math.floor(fraction() * limit),
    oneOf<T>(choices: readonly T[]): T {
      return choices[Math.floor(fraction() * choices.length)] as T;
    },
  };
}
