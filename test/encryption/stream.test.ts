import { createHash, randomBytes } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { chunkBytes, plainSizeOf, sealedChunkBytes, tagBytes } from "../../src/encryption/age-format.ts";
import { createAgeSink } from "../../src/encryption/age-sink.ts";
import { openAgeSource } from "../../src/encryption/age-source.ts";
import { SealedReader } from "../../src/encryption/sealed-reader.ts";
import { createSealing } from "../../src/encryption/sealing.ts";
import { slabChunks } from "../../src/encryption/seal-slab.ts";
import { DamagedError } from "../../src/errors.ts";
import { type AgeKeys, cutAt, makeAgeKeys, sealedBytes } from "../fixtures/age-files.ts";
import { createMemorySink, createMemorySource, failingSink, failingSource } from "../fixtures/memory-bytes.ts";

const slabPlain = slabChunks * chunkBytes;
let keys: AgeKeys;

beforeAll(async () => {
  keys = await makeAgeKeys();
});

/** Bytes in which every place differs from its neighbours. */
function plainOf(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let index = 0; index < size; index += 1) bytes[index] = (index * 31 + (index >> 8) * 7 + (index >> 16)) & 0xff;
  return bytes;
}

const nearMultiple = fc
  .tuple(fc.constantFrom(0, 1, 2, 15, 16, 17, 32, 33), fc.integer({ min: -2, max: 2 }))
  .map(([chunks, beside]) => Math.max(0, chunks * chunkBytes + beside));
const anySize = fc.oneof(nearMultiple, fc.integer({ min: 0, max: 2.5 * slabPlain }));

describe("what is written is read back", () => {
  it("for any size, any cut of the writes and any range", async () => {
    await fc.assert(
      fc.asyncProperty(
        anySize,
        fc.array(fc.integer({ min: 0, max: 2.5 * slabPlain }), { maxLength: 12 }),
        fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })), {
          minLength: 1,
          maxLength: 8,
        }),
        async (size, places, ranges) => {
          const plain = plainOf(size);
          const sealed = await sealedBytes(cutAt(plain, places), { keys: [keys.recipient] });
          const source = await openAgeSource(createMemorySource(sealed), keys.identities);
          expect(source.sizeBytes).toBe(size);
          const slices = ranges.map(([a, b]): [number, number] => {
            const from = Math.floor(a * size);
            return [from, Math.floor(b * (size - from))];
          });
          const found = await Promise.all(slices.map(([from, length]) => source.read(from, length)));
          for (const [index, [from, length]] of slices.entries())
            expect(found[index]!.equals(plain.subarray(from, from + length))).toBe(true);
          expect((await source.read(0, size)).equals(plain)).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("in small reads next to each other, each chunk read from below once", async () => {
    const plain = plainOf(3 * chunkBytes + 10);
    const memory = createMemorySource(await sealedBytes([plain], { keys: [keys.recipient] }));
    const source = await openAgeSource(memory, keys.identities);
    const before = memory.reads;
    const pieces: Buffer[] = [];
    for (let from = 0; from < plain.length; from += 1000)
      pieces.push(await source.read(from, Math.min(1000, plain.length - from)));
    expect(Buffer.concat(pieces).equals(plain)).toBe(true);
    // The last one was read when it was opened.
    expect(memory.reads - before).toBeLessThanOrEqual(2 * 3);
  });

  it("what a read gives belongs to the receiver", async () => {
    const plain = plainOf(2 * chunkBytes);
    const source = await openAgeSource(
      createMemorySource(await sealedBytes([plain], { keys: [keys.recipient] })),
      keys.identities,
    );
    (await source.read(5, 100)).fill(0);
    expect((await source.read(5, 100)).equals(plain.subarray(5, 105))).toBe(true);
  });

  it("by the reader for threads, in any order of ranges", async () => {
    const plain = plainOf(5 * chunkBytes + 77);
    const sealed = await sealedBytes([plain], { keys: [keys.recipient] });
    const sealing = await createSealing({ keys: [keys.recipient] });
    const memory = createMemorySink();
    const sink = createAgeSink(memory, sealing);
    const key = sealing.payloadKey.slice();
    await sink.write(plain);
    await sink.finish();
    const file = memory.bytes();
    const offsetBytes = file.length - (plain.length + 6 * tagBytes);
    const payload = { label: "a", offsetBytes, plainBytes: plain.length, key };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(plain.length), fc.nat(3 * chunkBytes)), { minLength: 1, maxLength: 10 }),
        async (ranges) => {
          const reader = new SealedReader(
            payload,
            (from, buffer) => void file.copy(buffer, 0, from, from + buffer.length),
          );
          for (const [from, wanted] of ranges) {
            const target = Buffer.alloc(Math.min(wanted, plain.length - from));
            await reader.read(from, target);
            expect(target.equals(plain.subarray(from, from + target.length))).toBe(true);
          }
        },
      ),
    );
    // Another run has other keys.
    expect(sealed.subarray(-100).equals(file.subarray(-100))).toBe(false);
  });

  it("an age file knows which sizes it can have", () => {
    for (const size of [0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 7 * chunkBytes]) {
      const chunks = Math.max(1, Math.ceil(size / chunkBytes));
      expect(plainSizeOf(size + chunks * tagBytes)).toBe(size);
    }
    for (const size of [0, 1, tagBytes - 1, sealedChunkBytes + 1, sealedChunkBytes + tagBytes])
      expect(plainSizeOf(size), String(size)).toBeUndefined();
  });
});

describe("damage is found", () => {
  const chunks = 5;
  let plain: Buffer;
  let sealed: Buffer;
  let payloadAt: number;

  beforeAll(async () => {
    plain = randomBytes((chunks - 1) * chunkBytes + 500);
    sealed = await sealedBytes([plain], { keys: [keys.recipient] });
    payloadAt = sealed.length - plain.length - chunks * tagBytes;
  });

  async function readAll(bytes: Buffer): Promise<Buffer> {
    const source = await openAgeSource(createMemorySource(bytes, "a.age"), keys.identities);
    return await source.read(0, source.sizeBytes);
  }

  const chunkAt = (index: number): [number, number] => {
    const start = payloadAt + index * sealedChunkBytes;
    return [start, Math.min(start + sealedChunkBytes, sealed.length)];
  };
  const joined = (order: readonly number[]): Buffer =>
    Buffer.concat([sealed.subarray(0, payloadAt), ...order.map((index) => sealed.subarray(...chunkAt(index)))]);

  it("in every chunk, named with its offset", async () => {
    for (let index = 0; index < chunks; index += 1) {
      const [start, end] = chunkAt(index);
      for (const place of [start, Math.floor((start + end) / 2), end - 1]) {
        const bytes = Buffer.from(sealed);
        bytes[place]! ^= 1;
        await expect(readAll(bytes)).rejects.toThrow(`a.age: chunk ${index} at offset ${start} is damaged: expected`);
      }
    }
  });

  it("a flip of any byte of header and nonce", async () => {
    for (let place = 0; place < payloadAt; place += 1) {
      const bytes = Buffer.from(sealed);
      bytes[place]! ^= 1;
      const error = await readAll(bytes).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      // A stanza that was changed looks like one for somebody else.
      expect((error as DamagedError).code, `byte ${place}`).toMatch(/^(header-damaged|no-identity|chunk-damaged)$/);
    }
  });

  it("after a cut anywhere", async () => {
    const places = fc.oneof(
      fc.integer({ min: 0, max: sealed.length - 1 }),
      fc.integer({ min: 1, max: chunks - 1 }).map((index) => chunkAt(index)[0]),
    );
    await fc.assert(
      fc.asyncProperty(places, async (length) => {
        const source = createMemorySource(sealed.subarray(0, length), "a.age");
        // At opening already, nothing has to be read.
        await expect(openAgeSource(source, keys.identities)).rejects.toBeInstanceOf(DamagedError);
      }),
      { numRuns: 60 },
    );
  });

  it("bytes behind the end", async () => {
    for (const more of [1, tagBytes, tagBytes + 1, sealedChunkBytes]) {
      const bytes = Buffer.concat([sealed, randomBytes(more)]);
      await expect(readAll(bytes)).rejects.toBeInstanceOf(DamagedError);
    }
  });

  it("chunks that change places, come twice, or are gone", async () => {
    const orders = [
      [1, 0, 2, 3, 4],
      [0, 2, 1, 3, 4],
      [0, 1, 1, 3, 4],
      [0, 1, 1, 2, 3, 4],
      [0, 1, 3, 4],
      [1, 2, 3, 4],
      [4],
      [0, 1, 2, 3],
    ];
    for (const order of orders)
      await expect(readAll(joined(order)), order.join(" ")).rejects.toBeInstanceOf(DamagedError);
    expect((await readAll(joined([0, 1, 2, 3, 4]))).equals(plain)).toBe(true);
  });

  it("chunks of another file for the same recipient", async () => {
    const other = await sealedBytes([plain], { keys: [keys.recipient] });
    const bytes = Buffer.concat([sealed.subarray(0, payloadAt), other.subarray(payloadAt)]);
    await expect(readAll(bytes)).rejects.toThrow("is damaged");
  });

  it("in the part that is read, and in no other", async () => {
    const bytes = Buffer.from(sealed);
    bytes[chunkAt(2)[0]]! ^= 1;
    const source = await openAgeSource(createMemorySource(bytes), keys.identities);
    expect((await source.read(0, 2 * chunkBytes)).equals(plain.subarray(0, 2 * chunkBytes))).toBe(true);
    expect((await source.read(3 * chunkBytes, 100)).equals(plain.subarray(3 * chunkBytes, 3 * chunkBytes + 100))).toBe(
      true,
    );
    await expect(source.read(2 * chunkBytes, 1)).rejects.toThrow("chunk 2");
    await expect(source.read(0, plain.length)).rejects.toThrow("chunk 2");
  });
});

describe("faults below", () => {
  it("every write that fails fails the sink, whose abort removes what was written", async () => {
    const plain = plainOf(2 * slabPlain + 100);
    for (let nth = 1; ; nth += 1) {
      const memory = createMemorySink();
      const failing = failingSink(memory, nth);
      const sink = createAgeSink(failing, await createSealing({ keys: [keys.recipient] }));
      const run = async (): Promise<void> => {
        for (const piece of cutAt(plain, [100, slabPlain, slabPlain + 1])) await sink.write(piece);
        await sink.finish();
      };
      const error = await run().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (!failing.failed) {
        expect(error).toBeUndefined();
        expect(nth).toBeGreaterThan(4);
        break;
      }
      expect((error as Error).message).toBe(`write ${nth} failed`);
      await sink.abort();
      await sink.abort();
      expect(memory.state).toBe("aborted");
    }
  });

  it("every read that fails fails once, and can be tried again", async () => {
    const plain = plainOf(3 * chunkBytes);
    const sealed = await sealedBytes([plain], { keys: [keys.recipient] });
    for (let nth = 1; ; nth += 1) {
      const failing = failingSource(createMemorySource(sealed), nth);
      const open = async (): Promise<Buffer> => {
        const source = await openAgeSource(failing, keys.identities);
        const read = (): Promise<Buffer> => source.read(chunkBytes - 5, 10);
        return await read().catch(read);
      };
      const error = await open().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (!failing.failed) break;
      // Opening fails with it; a later read was tried again.
      if (error !== undefined) expect((error as Error).message).toBe(`read ${nth} failed`);
    }
  });

  it("aborting while writes are under way leaves nothing behind", async () => {
    const memory = createMemorySink();
    const sink = createAgeSink(memory, await createSealing({ keys: [keys.recipient] }));
    await sink.write(plainOf(3 * slabPlain));
    await sink.abort();
    expect(memory.state).toBe("aborted");
    const written = memory.writes;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(memory.writes).toBe(written);
    await expect(sink.write(Buffer.alloc(1))).rejects.toThrow("closed");
  });

  it("the keys are gone when the file is written", async () => {
    const sealing = await createSealing({ keys: [keys.recipient] });
    const memory = createMemorySink();
    const sink = createAgeSink(memory, sealing);
    await sink.write(Buffer.from("secret"));
    const opened = memory.finish.bind(memory);
    let readBack = "";
    memory.finish = async () => {
      const source = await sealing.openWritten(createMemorySource(memory.bytes()));
      readBack = (await source.read(0, source.sizeBytes)).toString();
      await opened();
    };
    await sink.finish();
    expect(readBack).toBe("secret");
    expect([...sealing.payloadKey].every((byte) => byte === 0)).toBe(true);
    await expect(sealing.openWritten(createMemorySource(memory.bytes()))).rejects.toBeInstanceOf(DamagedError);
  });

  it("what is written is not there in plain", async () => {
    const text = "password_hash_of_the_administrator";
    const plain = Buffer.from(text.repeat(5000));
    const sealed = await sealedBytes([plain], { keys: [keys.recipient] });
    expect(sealed.includes(text)).toBe(false);
    expect(createHash("sha256").update(sealed).digest("hex")).not.toBe(
      createHash("sha256")
        .update(await sealedBytes([plain], { keys: [keys.recipient] }))
        .digest("hex"),
    );
  });
});
