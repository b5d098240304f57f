import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ReadAhead } from "../../../src/stores/rclone/read-ahead.ts";

const mib = 1024 * 1024;

/** Content that tells its place, made when it is asked for. */
function bytesAt(offsetBytes: number, lengthBytes: number): Buffer {
  const bytes = Buffer.alloc(lengthBytes);
  for (let at = 0; at < lengthBytes; at += 1) bytes[at] = ((offsetBytes + at) * 2_654_435_761) >>> 13;
  return bytes;
}

describe("read ahead", () => {
  test("any reads, in order or not, several at once, give what stands there", async () => {
    const sizeBytes = 5 * mib + 12_345;
    const place = fc.double({ min: 0, max: 1, noNaN: true });
    const length = fc.oneof(fc.nat(100), fc.nat(300_000), fc.nat(3 * mib));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(place, length), { maxLength: 8 }), async (wanted) => {
        const fetched: [number, number][] = [];
        const ahead = new ReadAhead(sizeBytes, async (from, lengthBytes) => {
          fetched.push([from, lengthBytes]);
          return bytesAt(from, lengthBytes);
        });
        const ranges = wanted.map(([share, lengthBytes]) => {
          const from = Math.floor(share * sizeBytes);
          return [from, Math.min(lengthBytes, sizeBytes - from)] as const;
        });
        const found = await Promise.all(ranges.map(([from, lengthBytes]) => ahead.read(from, lengthBytes)));
        for (const [index, [from, lengthBytes]] of ranges.entries())
          expect(found[index]?.equals(bytesAt(from, lengthBytes))).toBe(true);
        for (const [from, lengthBytes] of fetched) {
          expect(lengthBytes).toBeGreaterThan(0);
          expect(from + lengthBytes).toBeLessThanOrEqual(sizeBytes);
        }
      }),
      { numRuns: 30 },
    );
  });

  test("what is read in order is fetched once, in runs that grow", async () => {
    const sizeBytes = 200 * mib;
    const fetched: [number, number][] = [];
    const ahead = new ReadAhead(sizeBytes, async (from, lengthBytes) => {
      fetched.push([from, lengthBytes]);
      return Buffer.alloc(lengthBytes);
    });
    for (let at = 0; at < sizeBytes; at += 256 * 1024) await ahead.read(at, 256 * 1024);
    expect(fetched.reduce((sum, [, lengthBytes]) => sum + lengthBytes, 0)).toBe(sizeBytes);
    expect(fetched.length).toBeLessThan(20);
    expect(Math.max(...fetched.map(([, lengthBytes]) => lengthBytes))).toBe(16 * mib);
  });

  test("reads here and there fetch little", async () => {
    let bytes = 0;
    const ahead = new ReadAhead(1000 * mib, async (_, lengthBytes) => {
      bytes += lengthBytes;
      return Buffer.alloc(lengthBytes);
    });
    for (const at of [999, 500, 10, 800]) await ahead.read(at * mib + 17, 100);
    expect(bytes).toBe(4 * mib);
  });

  test("what could not be read may be asked for again", async () => {
    let calls = 0;
    const ahead = new ReadAhead(10, async (_, lengthBytes) => {
      calls += 1;
      if (calls === 1) throw new Error("made up");
      return Buffer.alloc(lengthBytes, 7);
    });
    await expect(ahead.read(0, 10)).rejects.toThrow("made up");
    expect(await ahead.read(2, 3)).toEqual(Buffer.alloc(3, 7));
  });
});
