import type { Random } from "../random.ts";

/** Numbers at which fields of some bits end, signs change and sums overflow. */
const awkwardNumbers = [
  0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff,
];

/** Pieces of text that mean something to a decoder, or must not; a blank between two. */
const awkwardTexts: readonly string[] = [
  ...String.raw`\ " ' [ { } ] : , = # ; .. / % é ſ null true -0 1e999 -1 9007199254740993 0.1 1e-7 "\ud800" [[[[[[[[[[ {}`.split(
    " ",
  ),
  ...'__proto__ constructor toString hasOwnProperty "__proto__" DEFAULT PGDMP'.split(" "),
  ..."PK\u0001\u0002|PK\u0003\u0004|PK\u0005\u0006|PK\u0006\u0006|PK\u0006\u0007".split("|"),
  ..."|\0|\n|\r\n| |\t|\ufeff|\u202e|\u0085|\ud800|\uffff".split("|"),
];
const tokenPattern = /"(?:[^"\\\n]|\\.)*"|-?\d+(?:\.\d+)?|null|true|false|[[\]{}:,=]/g;

type Mutation = (bytes: Buffer, random: Random, other: Buffer) => Buffer;

const replace = (bytes: Buffer, at: number, length: number, by: Uint8Array): Buffer =>
  Buffer.concat([bytes.subarray(0, at), by, bytes.subarray(at + length)]);
const someBytes = (random: Random, most: number): Buffer =>
  Buffer.from(Array.from({ length: 1 + random.below(most) }, () => random.below(256)));

const flipBit: Mutation = (bytes, random) => {
  const changed = Buffer.from(bytes);
  const at = random.below(bytes.length);
  changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
  return changed;
};

/** Puts an awkward number, or one next to what is there, where a field of 8 to 64 bits could be. */
const setNumber: Mutation = (bytes, random) => {
  const width = random.oneOf([1, 2, 3, 4, 8]);
  if (bytes.length < width) return bytes;
  const at = random.below(bytes.length - width + 1);
  const changed = Buffer.from(bytes);
  if (width === 8) {
    changed.writeBigUInt64LE(random.oneOf([0n, 1n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]), at);
    return changed;
  }
  const found = changed.readUIntLE(at, width);
  const value = random.oneOf([...awkwardNumbers, found + 1, found - 1, bytes.length, bytes.length - at]);
  changed.writeUIntLE((value >>> 0) % 2 ** (8 * width), at, width);
  return changed;
};

const insertText: Mutation = (bytes, random) =>
  replace(bytes, random.below(bytes.length + 1), random.below(3), Buffer.from(random.oneOf(awkwardTexts)));

/** Replaces a word, a number or a sign of a text by another of the text, or by an awkward one. */
const replaceToken: Mutation = (bytes, random, other) => {
  const tokens = [...bytes.toString("latin1").matchAll(tokenPattern)];
  if (tokens.length === 0) return insertText(bytes, random, other);
  const token = random.oneOf(tokens);
  const by = random.below(2) === 0 ? random.oneOf(awkwardTexts) : random.oneOf(tokens)[0];
  return replace(bytes, token.index, token[0].length, Buffer.from(by, random.below(2) === 0 ? "utf8" : "latin1"));
};

const insertBytes: Mutation = (bytes, random) =>
  replace(bytes, random.below(bytes.length + 1), 0, someBytes(random, 16));
const overwrite: Mutation = (bytes, random) => {
  const by = someBytes(random, 8);
  return replace(bytes, random.below(bytes.length), by.length, by);
};
const cutOut: Mutation = (bytes, random) =>
  replace(bytes, random.below(bytes.length), 1 + random.below(32), Buffer.alloc(0));
const cutOff: Mutation = (bytes, random) => bytes.subarray(0, random.below(bytes.length));
const repeat: Mutation = (bytes, random) => {
  const at = random.below(bytes.length);
  const piece = bytes.subarray(at, at + 1 + random.below(64));
  const times = 1 + random.below(random.oneOf([2, 2, 2, 50]));
  return replace(bytes, at, 0, Buffer.concat(Array.from({ length: times }, () => piece)));
};
const splice: Mutation = (bytes, random, other) => {
  const from = random.below(other.length);
  return replace(bytes, random.below(bytes.length), random.below(64), other.subarray(from, from + random.below(200)));
};

const mutations = [
  flipBit,
  flipBit,
  setNumber,
  setNumber,
  setNumber,
  insertText,
  replaceToken,
  replaceToken,
  insertBytes,
];
const rarer = [overwrite, cutOut, cutOff, repeat, splice];

/** Changes a valid input in one to six ways. @param other another valid input, to take pieces of */
export function mutate(bytes: Buffer, random: Random, other: Buffer): Buffer {
  let changed = bytes;
  for (let left = 1 + random.below(random.oneOf([1, 2, 6])); left > 0 && changed.length > 0; left -= 1) {
    changed = random.oneOf(random.below(3) === 0 ? rarer : mutations)(changed, random, other);
  }
  return changed;
}
