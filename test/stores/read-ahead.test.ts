import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ReadAhead } from "../../src/stores/read-ahead.ts";
import { errorOf } from "../fixtures/streams.ts";
import { madeUpBytes } from "./contract/contents.ts";

const mib = 1024 * 1024;
const content = madeUpBytes(40 * mib + 1234);

/** A reader of the content that counts what it fetches. */
function reader(fail: (fetch: number) => boolean = () => false) {
  const seen = { fetches: 0, bytes: 0, running: 0, most: 0, blocks: new Set<ArrayBufferLike>() };
  const ahead = new ReadAhead(content.length, async (offsetBytes, into) => {
    seen.fetches += 1;
    seen.bytes += into.length;
    if (into.buffer.byteLength === 4 * mib) seen.blocks.add(into.buffer);
    const mustFail = fail(seen.fetches);
    seen.most = Math.max(seen.most, ++seen.running);
    for (let turn = 0; turn < 1 + (seen.fetches % 3); turn += 1) await setImmediate();
    seen.running -= 1;
    if (mustFail) throw new Error("made-up failure");
    content.copy(into, 0, offsetBytes, offsetBytes + into.length);
  });
  return { ahead, seen };
}

async function read(ahead: ReadAhead, from: number, length: number): Promise<Buffer> {
  const into = Buffer.allocUnsafeSlow(length);
  await ahead.read(from, into);
  return into;
}

const isRight = async (ahead: ReadAhead, from: number, length: number): Promise<boolean> =>
  (await read(ahead, from, length)).equals(content.subarray(from, from + length));

describe("reading ahead", () => {
  test("gives what stands there, to many readers at once, wherever they go", async () => {
    const start = fc.integer({ min: 0, max: content.length - 1 });
    const step = fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 2 * mib }));
    // A reader: where it begins, how far it goes each time, and how much of that it reads again.
    const oneReader = fc.record({ start, steps: fc.array(step, { maxLength: 12 }), overlap: fc.nat(100) });
    await fc.assert(
      fc.asyncProperty(fc.array(oneReader, { minLength: 1, maxLength: 8 }), async (readers) => {
        const { ahead } = reader();
        const ends = readers.map(async ({ start: from, steps, overlap }) => {
          let at = from;
          for (const length of steps) {
            const reached = Math.min(content.length, at + length);
            if (!(await isRight(ahead, at, reached - at))) return false;
            at = Math.max(at, reached - overlap);
          }
          return true;
        });
        expect(await Promise.all(ends)).not.toContain(false);
        await ahead.settle();
      }),
      { numRuns: 60 },
    );
  });

  test("fetches little for a read that stands alone, and nothing twice for those beside it", async () => {
    const { ahead, seen } = reader();
    expect(await isRight(ahead, content.length - 22, 22)).toBe(true);
    for (const from of [content.length - 100, content.length - 60_000, content.length - 120_000])
      expect(await isRight(ahead, from, 50)).toBe(true);
    expect(seen).toMatchObject({ fetches: 1, bytes: 128 * 1024 });
    expect(await isRight(ahead, 5 * mib, 20)).toBe(true);
    expect(seen).toMatchObject({ fetches: 2, bytes: 256 * 1024 });
  });

  test("fetches windows of some MiB, several at once and each once, for one who reads on", async () => {
    const { ahead, seen } = reader();
    // As archives are read: headers with a guess of what follows them, and content.
    for (let at = 0; at + 400_000 < content.length; at += 399_930) expect(await isRight(ahead, at, 400_000)).toBe(true);
    expect(seen.fetches).toBeLessThan(16);
    expect(seen.most).toBeGreaterThanOrEqual(3);
    expect(seen.bytes).toBeLessThan(content.length + mib);
  });

  test("uses its memory again, also for many readers", async () => {
    const { ahead, seen } = reader();
    const readers = Array.from({ length: 10 }, async (_, index) => {
      for (let at = index * 4 * mib; at < (index + 1) * 4 * mib; at += 100_000)
        expect(await isRight(ahead, at, Math.min(100_000, content.length - at))).toBe(true);
    });
    await Promise.all(readers);
    for (let at = 0; at < content.length; at += mib)
      expect(await isRight(ahead, at, Math.min(mib, content.length - at))).toBe(true);
    expect(seen.fetches).toBeGreaterThan(20);
    expect(seen.blocks.size).toBeLessThanOrEqual(16);
    await ahead.settle();
  });

  test("passes a failure on to who needs it, for every fetch, and tries again at the next read", async () => {
    for (let failing = 1; failing <= 8; failing += 1) {
      const { ahead } = reader((fetch) => fetch === failing);
      let failures = 0;
      for (let at = 0; at < 20 * mib; at += mib) {
        const found = await read(ahead, at, mib).catch((error: Error) => error.message);
        if (typeof found === "string") {
          expect(found).toBe("made-up failure");
          failures += 1;
          expect(await isRight(ahead, at, mib)).toBe(true);
        } else expect(found.equals(content.subarray(at, at + mib))).toBe(true);
      }
      // One that was fetched ahead may have been fetched again before it was needed.
      expect(failures).toBeLessThanOrEqual(1);
      if (failing === 1) expect(failures).toBe(1);
    }
    const { ahead } = reader(() => true);
    expect((await errorOf(() => read(ahead, 0, 10))).message).toBe("made-up failure");
    await ahead.settle();
  });
});
