import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compressBlock } from "../../../src/archive/codec.ts";
import { type FoundFrame, findFrames } from "../../../src/archive/rescue/find-frames.ts";

async function framesOf(codec: "zstd" | "gzip", bytes: Buffer): Promise<FoundFrame[]> {
  const found: FoundFrame[] = [];
  const read = (offset: number, length: number): Promise<Buffer> =>
    Promise.resolve(Buffer.from(bytes.subarray(offset, offset + length)));
  for await (const frame of findFrames(codec, read, bytes.length)) found.push(frame);
  return found;
}

describe.each(["zstd", "gzip"] as const)("frames of %s", (codec) => {
  test("all but those that were hit are found, wherever bits flip and whatever is put between", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ minLength: 1, maxLength: 3000 }), { minLength: 1, maxLength: 6 }),
        fc.nat(),
        fc.nat(7),
        fc.uint8Array({ maxLength: 40 }),
        async (texts, at, bit, junk) => {
          const plain = texts.map((text) => Buffer.from(`${text}\n`));
          const stored = await Promise.all(plain.map((block) => compressBlock(codec, undefined, block)));
          const hit = at % stored.length;
          const victim = stored[hit]!;
          victim[at % victim.length]! ^= 1 << bit;
          const bytes = Buffer.concat(stored.flatMap((frame, index) => (index === hit ? [frame, junk] : [frame])));
          const found = (await framesOf(codec, bytes)).map((frame) => frame.plain.toString());
          // A flip may have no effect: the operating system in a gzip header, for example.
          const harmless = found.includes(plain[hit]!.toString()) ? -1 : hit;
          expect(found).toEqual(plain.filter((_, index) => index !== harmless).map(String));
        },
      ),
      { numRuns: 150 },
    );
  });

  test("one that is cut off, and what is none, are not found", async () => {
    const frame = await compressBlock(codec, undefined, randomBytes(5000));
    expect(await framesOf(codec, frame.subarray(0, frame.length - 1))).toEqual([]);
    expect(await framesOf(codec, randomBytes(5000))).toEqual([]);
    expect(await framesOf(codec, Buffer.alloc(0))).toEqual([]);
  });

  test("one that is larger than what is read at once is found whole", async () => {
    const block = randomBytes(3_500_000);
    const frame = await compressBlock(codec, undefined, block);
    const found = await framesOf(codec, Buffer.concat([Buffer.from("before"), frame, frame]));
    expect(found.map(({ offsetBytes }) => offsetBytes)).toEqual([6, 6 + frame.length]);
    expect(found.every(({ plain }) => plain.equals(block))).toBe(true);
  });
});
