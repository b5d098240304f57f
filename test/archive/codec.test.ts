import { zstdCompressSync, constants, gzipSync } from "node:zlib";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Codec,
  compressBlock,
  compressSmallBlock,
  decompressBlock,
  decompressLargeBlock,
  decompressStream,
} from "../../src/archive/codec.ts";
import { DamagedError } from "../../src/errors.ts";
import { mustSucceed } from "../fixtures/python.ts";
import { chunked, collect, errorOf } from "../fixtures/streams.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

const codecs: Codec[] = ["none", "zstd", "gzip"];
const block = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 9 }), fc.integer({ min: 1, max: 60_000 }))
    .map(([unit, times]) => Buffer.alloc(unit.length * times, unit)),
);

describe("codecs", () => {
  it("give back what went in: block by block, and as a stream in any chunks", async () => {
    const sizes = fc.oneof(
      fc.constant([]),
      fc.constant([1]),
      fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1 }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...codecs),
        fc.array(block, { maxLength: 4 }),
        sizes,
        async (codec, blocks, chunks) => {
          const stored: Buffer[] = [];
          for (const plain of blocks) {
            const packed = await compressBlock(codec, undefined, plain);
            expect(Buffer.compare(await decompressBlock(codec, packed, plain.length), plain)).toBe(0);
            expect(Buffer.compare(compressSmallBlock(codec, undefined, plain), packed)).toBe(0);
            stored.push(Buffer.from(packed));
          }
          const whole = Buffer.concat(stored);
          const found = await collect(decompressStream(codec, chunked(whole, whole.length > 20_000 ? [] : chunks)));
          expect(Buffer.compare(found, Buffer.concat(blocks))).toBe(0);
        },
      ),
      { numRuns: 100 },
    );
  });

  it("give a large block in pieces, with the same checks", async () => {
    const plain = Buffer.alloc(3_000_000, "row\n");
    for (const codec of ["zstd", "gzip"] as const) {
      const packed = await compressBlock(codec, undefined, plain);
      const pieces = (bytes: Uint8Array, plainBytes: number): Promise<Buffer> =>
        collect(decompressLargeBlock(codec, bytes, plainBytes));
      expect((await pieces(packed, plain.length)).equals(plain)).toBe(true);
      for (const plainBytes of [plain.length - 1, plain.length + 1, 0]) {
        await expect(pieces(packed, plainBytes)).rejects.toThrow("block of another size");
      }
      await expect(pieces(packed.subarray(0, -1), plain.length)).rejects.toThrow(DamagedError);
      await expect(pieces(Buffer.concat([packed, packed]), plain.length)).rejects.toThrow(DamagedError);
    }
  });

  it("write frames that zstd and gzip take, one after the other, with size and checksum", async () => {
    const folder = await tempFolder();
    const plain = Buffer.alloc(300_000, "NextGIS Web ");
    for (const [codec, program, suffix] of [
      ["zstd", "zstd", "zst"],
      ["gzip", "gzip", "gz"],
    ] as const) {
      const frame = await compressBlock(codec, 1, plain);
      const path = join(folder, `rows.${suffix}`);
      await writeFile(path, Buffer.concat([frame, frame, await compressBlock(codec, 1, Buffer.from("\\.\n\n\n"))]));
      const out = await mustSucceed(program, ["-dc", path]);
      expect(out.equals(Buffer.concat([plain, plain, Buffer.from("\\.\n\n\n")]))).toBe(true);
    }
    const listed = (await mustSucceed("zstd", ["-lv", join(folder, "rows.zst")])).toString();
    expect(listed).toMatch(/Zstandard Frames: 3/);
    expect(listed).toMatch(/Decompressed Size: .*\(600005 B\)/);
    expect(listed).toMatch(/Check: XXH64/);
  });

  it("take what zstd and gzip write", async () => {
    const plain = Buffer.from("text of another program ".repeat(5000));
    for (const [codec, program] of [
      ["zstd", "zstd"],
      ["gzip", "gzip"],
    ] as const) {
      const packed = await mustSucceed(program, ["-c"], { input: plain });
      expect((await collect(decompressStream(codec, chunked(packed, [1000])))).equals(plain)).toBe(true);
    }
    const skippable = Buffer.from("502a4d1803000000aabbcc", "hex");
    const frame = await compressBlock("zstd", 1, plain);
    const mixed = Buffer.concat([skippable, frame, skippable, frame]);
    expect((await collect(decompressStream("zstd", chunked(mixed, [7])))).length).toBe(2 * plain.length);
  });

  it("find every flipped bit and every truncation", async () => {
    const plain = Buffer.from("some rows\tof a table\n".repeat(20));
    for (const codec of ["zstd", "gzip"] as const) {
      const frame = await compressBlock(codec, 1, plain);
      for (let bit = 0; bit < frame.length * 8; bit++) {
        const broken = Buffer.from(frame);
        broken[bit >> 3] = (broken[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        for (const work of [
          () => decompressBlock(codec, broken, plain.length),
          () => collect(decompressStream(codec, chunked(broken))),
        ]) {
          let result: Buffer;
          try {
            result = await work();
          } catch (error) {
            expect(error).toBeInstanceOf(DamagedError);
            continue;
          }
          // A bit that means nothing, such as gzip's time, changes nothing.
          expect(result.equals(plain)).toBe(true);
        }
      }
      for (let length = 1; length < frame.length; length++) {
        const cut = frame.subarray(0, length);
        expect(await errorOf(() => decompressBlock(codec, cut, plain.length))).toBeInstanceOf(DamagedError);
        expect(await errorOf(() => collect(decompressStream(codec, chunked(cut))))).toBeInstanceOf(DamagedError);
      }
    }
  });

  const bomb = (log: number): Buffer =>
    zstdCompressSync(Buffer.alloc(1000), {
      params: { [constants.ZSTD_c_windowLog]: log, [constants.ZSTD_c_contentSizeFlag]: 0 },
    });

  /** Frame header by hand: magic, descriptor without single segment or sizes, window descriptor, a raw last block. */
  const windowFrame = (exponent: number): Buffer =>
    Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, exponent << 3, 0x09, 0x00, 0x00, 0x61]);

  it("frame that needs too much memory: a window of 256 MiB is refused, one of 128 MiB is taken", async () => {
    expect((await collect(decompressStream("zstd", chunked(windowFrame(17))))).toString()).toBe("a");
    const error = await errorOf(() => collect(decompressStream("zstd", chunked(windowFrame(18)))));
    expect(error).toBeInstanceOf(DamagedError);
    expect(error.message).toMatch(
      /zstd frame needs too much memory: expected a window of at most 134217728 bytes, found 268435456/,
    );
    await expect(decompressBlock("zstd", windowFrame(31), 1)).rejects.toThrow("needs too much memory");
    expect((await decompressBlock("zstd", bomb(20), 1000)).length).toBe(1000);
  });

  it.each([
    ["not a zstd frame", "zstd", Buffer.from("not zstd"), 1],
    ["zstd frame needs a dictionary", "zstd", Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x01, 0x00, 0x07, 0, 0, 0]), 1],
    ["unknown zstd frame", "zstd", Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x08]), 1],
    ["broken zstd block", "zstd", Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x00, 0x07, 0x00, 0x00]), 1],
    ["zstd frame is cut off", "zstd", Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), 1],
    ["block of another size", "zstd", zstdCompressSync(Buffer.alloc(10)), 11],
    ["block of another size", "zstd", zstdCompressSync(Buffer.alloc(5_000_000)), 4_999_999],
    ["block of another size", "gzip", gzipSync(Buffer.alloc(5_000_000)), 4_999_999],
    ["block of another size", "none", Buffer.alloc(10), 11],
    ["block is too large", "zstd", zstdCompressSync(Buffer.alloc(10)), 2 ** 40],
    ["bytes after a gzip member", "gzip", Buffer.concat([gzipSync("a"), Buffer.alloc(4)]), 1],
    ["gzip data are broken", "gzip", Buffer.concat([gzipSync("a"), Buffer.from("garbage")]), 1],
    ["zstd block: expected one frame", "zstd", Buffer.concat([zstdCompressSync("a"), zstdCompressSync("b")]), 2],
  ] as const)("%s (%s)", async (message, codec, stored, plainBytes) => {
    const error = await errorOf(() => decompressBlock(codec, stored, plainBytes));
    expect(error).toBeInstanceOf(DamagedError);
    expect(error.message).toContain(message);
  });

  it("zstd frames of another size than their header says are found, wherever chunks end", async () => {
    const frame = compressSmallBlock("zstd", undefined, Buffer.alloc(0));
    const lying = Buffer.from(frame);
    lying[frame.indexOf(0, 5)] = 32;
    expect(await collect(decompressStream("zstd", chunked(frame, [5])))).toHaveLength(0);
    for (let size = 1; size <= lying.length; size++) {
      await expect(collect(decompressStream("zstd", chunked(lying, [size])))).rejects.toThrow(DamagedError);
    }
  });

  it("a compressed zstd block of nothing is broken, wherever chunks end", async () => {
    const frame = compressSmallBlock("zstd", undefined, Buffer.alloc(0));
    // Last block, of no bytes: raw before, compressed now.
    frame[6] = 0b101;
    for (let size = 1; size <= frame.length; size++) {
      await expect(collect(decompressStream("zstd", chunked(frame, [size])))).rejects.toThrow("broken zstd block");
    }
  });

  it("what breaks behind the end of a member is met, and brings nobody down", async () => {
    const member = compressSmallBlock("gzip", undefined, Buffer.from("a row\n"));
    // The decoder has met its end, and nobody reads it any more, when the next chunk comes.
    const broken = Buffer.concat([member, member, Buffer.from([0x1f, 0x8b, 0x08, 0xff]), Buffer.alloc(40, 0x51)]);
    for (let size = 1; size < broken.length; size++) {
      await expect(collect(decompressStream("gzip", chunked(broken, [size])))).rejects.toThrow(DamagedError);
    }
  });

  it("bytes after the last gzip member are found in a stream, wherever its chunks end", async () => {
    const trailing = Buffer.concat([gzipSync("a"), Buffer.alloc(4)]);
    for (const sizes of [[], [1], [21], [22]]) {
      const error = await errorOf(() => collect(decompressStream("gzip", chunked(trailing, sizes))));
      expect(error.message).toMatch(/bytes after the last gzip member/);
    }
  });

  it("pass on what the source throws, and end it when nobody reads on", async () => {
    const frame = await compressBlock("zstd", 1, Buffer.alloc(1_000_000, "x"));
    let ended = 0;
    async function* failing(): AsyncGenerator<Buffer> {
      try {
        yield frame.subarray(0, 20);
        throw new Error("the disk is gone");
      } finally {
        ended++;
      }
    }
    await expect(collect(decompressStream("zstd", failing()))).rejects.toThrow("the disk is gone");
    expect(ended).toBe(1);
    async function* endless(): AsyncGenerator<Buffer> {
      try {
        for (;;) yield frame;
      } finally {
        ended++;
      }
    }
    for await (const chunk of decompressStream("zstd", endless())) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(ended).toBe(2);
  });
});
