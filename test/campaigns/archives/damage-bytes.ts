import type { Random } from "../random.ts";

/** Bytes that were changed, and how, for messages and the tally. */
export interface DamagedBytes {
  bytes: Buffer;
  what: string;
  details: string;
}

/** A copy with one bit flipped. @param at offset of the byte */
export function flipBit(bytes: Buffer, at: number, bit: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ (1 << bit);
  return changed;
}

type Damage = (bytes: Buffer, random: Random, other: Buffer) => DamagedBytes;

const randomBytes = (random: Random, length: number): Buffer =>
  Buffer.from(Array.from({ length }, () => random.below(256)));
const join = (what: string, details: string, ...parts: readonly Buffer[]): DamagedBytes => ({
  bytes: Buffer.concat(parts),
  what,
  details,
});

/** Ways in which copying, storing or joining files goes wrong. `other` is another sound archive's bytes. */
const damages: readonly Damage[] = [
  (bytes, random) => {
    const at = random.below(bytes.length + 1);
    const added =
      random.below(2) === 0 ? Buffer.alloc(1 + random.below(600)) : randomBytes(random, 1 + random.below(40));
    const details = `${added.length} bytes at ${at}`;
    return join("inserted", details, bytes.subarray(0, at), added, bytes.subarray(at));
  },
  (bytes, random) => {
    const length = 1 + random.below(Math.min(bytes.length, random.oneOf([1, 16, 4096])));
    const at = random.below(bytes.length - length + 1);
    return join("cut out", `${length} bytes at ${at}`, bytes.subarray(0, at), bytes.subarray(at + length));
  },
  (bytes, random) => {
    const added = random.oneOf([
      Buffer.alloc(1 + random.below(1024)),
      randomBytes(random, 1 + random.below(40)),
      bytes,
    ]);
    return join("appended", `${added.length} bytes`, bytes, added);
  },
  (bytes, random) => {
    const added = random.oneOf([randomBytes(random, 1 + random.below(40)), bytes]);
    return join("prepended", `${added.length} bytes`, added, bytes);
  },
  // What a broken disk or a file with a hole gives.
  (bytes, random) => {
    const size = random.oneOf([16, 512, 4096]);
    const at = size * random.below(Math.ceil(bytes.length / size));
    const length = Math.min(size, bytes.length - at);
    return join(
      "zeroed",
      `${length} bytes at ${at}`,
      bytes.subarray(0, at),
      Buffer.alloc(length),
      bytes.subarray(at + length),
    );
  },
  (bytes, random) => {
    const length = 1 + random.below(Math.min(bytes.length, 4096));
    const [from, to] = [random.below(bytes.length - length + 1), random.below(bytes.length - length + 1)];
    const changed = Buffer.from(bytes);
    bytes.copy(changed, to, from, from + length);
    return { bytes: changed, what: "overwritten", details: `${length} bytes of ${from} at ${to}` };
  },
  (bytes, random, other) => {
    const at = random.below(Math.min(bytes.length, other.length));
    return join("spliced", `another archive from ${at} on`, bytes.subarray(0, at), other.subarray(at));
  },
  (bytes, random, other) => {
    const fromEnd = random.below(Math.min(bytes.length, other.length));
    const [at, from] = [bytes.length - fromEnd, other.length - fromEnd];
    return join(
      "spliced",
      `another archive's last ${fromEnd} bytes from ${at} on`,
      bytes.subarray(0, at),
      other.subarray(from),
    );
  },
];

/** Damages bytes in one of those ways; never gives what `bytes` or `other` are. */
export function damageBytes(bytes: Buffer, random: Random, other: Buffer): DamagedBytes {
  for (;;) {
    const damaged = random.oneOf(damages)(bytes, random, other);
    if (!damaged.bytes.equals(bytes) && !damaged.bytes.equals(other)) return damaged;
  }
}
