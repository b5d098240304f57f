import { closeSync, openSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MessageChannel } from "node:worker_threads";
import { describe, expect, onTestFinished, test } from "vitest";
import { readZipDirectory } from "../../../src/archive/zip-directory.ts";
import { readZipEnd } from "../../../src/archive/zip-end-records.ts";
import { createZipWriter } from "../../../src/archive/zip-writer.ts";
import type { ByteSource } from "../../../src/bytes.ts";
import { sealedChunkBytes } from "../../../src/encryption/age-format.ts";
import { openAgeSource } from "../../../src/encryption/age-source.ts";
import { AppError, DamagedError, RefusedError } from "../../../src/errors.ts";
import { answerRanges, AskedRanges } from "../../../src/operations/contents/asked-ranges.ts";
import { packError, unpackError } from "../../../src/operations/contents/thread-error.ts";
import { type ThreadArchive, ThreadSource } from "../../../src/operations/contents/thread-source.ts";
import { openFileSource } from "../../../src/stores/file-source.ts";
import { makeAgeKeys, sealedBytes } from "../../fixtures/age-files.ts";
import { createMemorySink, createMemorySource } from "../../fixtures/memory-bytes.ts";
import { modifiedAt } from "../../fixtures/small-archive.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";

const contents: Readonly<Record<string, Buffer>> = {
  "component/file_storage/00000001": Buffer.alloc(3_000_000, "large and stored "),
  "component/file_storage/00000002": Buffer.from("small"),
  "component/file_storage/00000003": Buffer.alloc(100_000, "deflated "),
  "component/file_storage/00000004": Buffer.alloc(700_000, "between "),
};

/** An archive on disk, as a thread sees it. */
async function makeArchive() {
  const sink = createMemorySink();
  const writer = createZipWriter(sink, { modifiedAt });
  for (const [name, content] of Object.entries(contents)) {
    await writer.addEntry(name, content, { deflate: content.includes("deflated") });
  }
  await writer.finish("");
  const path = join(await tempFolder(), "archive.zip");
  writeFileSync(path, sink.bytes());
  const source = await openFileSource(path);
  try {
    const fail = (): never => {
      throw new Error("the archive of the test is damaged");
    };
    const end = await readZipEnd(source, fail);
    const entries = await readZipDirectory(source, end!, fail);
    return { path, entries, sizeBytes: source.sizeBytes, directoryOffsetBytes: end!.directoryOffsetBytes };
  } finally {
    await source.close();
  }
}

async function read(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** What a thread asks for the bytes of a source. */
function askedOf(source: ByteSource, onFailure: (error: unknown) => void = () => undefined): AskedRanges {
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => port1.close());
  return new AskedRanges({ port: port2, memory: answerRanges([source], port1, onFailure) });
}

/** For archives whose bytes are not asked for. */
const nothing = (): AskedRanges => askedOf(createMemorySource(Buffer.alloc(0)));

describe.each(["a descriptor", "questions", "questions that are answered into memory"])(
  "the archive as a thread reads it, by %s",
  (way) => {
    /** As a thread sees a source. */
    const inThread = (source: ByteSource, archive: Omit<ThreadArchive, "fd">): ThreadSource => {
      if (way === "a descriptor") return new ThreadSource([{ ...archive, fd: source.fd }], nothing());
      const readInto = async (offsetBytes: number, into: Uint8Array): Promise<void> =>
        into.set(await source.read(offsetBytes, into.length));
      const asked = askedOf(way === "questions" ? source : { ...source, readInto });
      return new ThreadSource([{ ...archive, fd: undefined }], asked);
    };

    test("gives every entry whole, kept or passing by, in any order", async () => {
      const { path, entries, ...place } = await makeArchive();
      const file = await openFileSource(path);
      onTestFinished(() => file.close());
      const source = inThread(file, { label: path, ...place, sealed: undefined });
      for (const passesBy of [true, false]) {
        for (const entry of [...entries, ...entries.toReversed()]) {
          const found = await read(source.content({ archive: 0, entry }, passesBy));
          expect(found.equals(contents[entry.name]!)).toBe(true);
        }
      }
    });

    test("gives the next entry whole after one that was not read to its end", async () => {
      const { path, entries, ...place } = await makeArchive();
      const file = await openFileSource(path);
      onTestFinished(() => file.close());
      const source = inThread(file, { label: path, ...place, sealed: undefined });
      for (let turn = 0; turn < 5; turn += 1) {
        for await (const chunk of source.content({ archive: 0, entry: entries[0]! }, true)) {
          expect(chunk.length).toBeGreaterThan(0);
          break;
        }
        for (const entry of [entries[3]!, entries[0]!])
          expect((await read(source.content({ archive: 0, entry }, true))).equals(contents[entry.name]!)).toBe(true);
      }
    });

    test("gives the same of an encrypted file, and names a chunk that is damaged", async () => {
      const { path: plainPath, entries, ...place } = await makeArchive();
      const keys = await makeAgeKeys();
      const path = `${plainPath}.age`;
      writeFileSync(path, await sealedBytes([readFileSync(plainPath)], { keys: [keys.recipient] }));
      const opened = await openAgeSource(await openFileSource(path), keys.identities);
      onTestFinished(() => opened.close());
      const { sealed } = opened;
      expect(opened.sizeBytes).toBe(place.sizeBytes);
      const sealing = { payloadKey: sealed!.payloadKey, payloadOffsetBytes: sealed!.payloadOffsetBytes };
      const sound = inThread(sealed!.stored, { label: path, ...place, sealed: sealing });
      for (const passesBy of [true, false])
        for (const entry of [...entries, ...entries.toReversed()])
          expect((await read(sound.content({ archive: 0, entry }, passesBy))).equals(contents[entry.name]!)).toBe(true);
      const bytes = readFileSync(path);
      const offset = sealing.payloadOffsetBytes + 3 * sealedChunkBytes;
      bytes[offset]! ^= 1;
      writeFileSync(path, bytes);
      const damaged = inThread(sealed!.stored, { label: path, ...place, sealed: sealing });
      await expect(read(damaged.content({ archive: 0, entry: entries[0]! }, true))).rejects.toMatchObject({
        code: "chunk-damaged",
        message: expect.stringContaining(`${path}: chunk 3 at offset ${offset} is damaged`) as string,
      });
      const last = entries[3]!;
      expect((await read(damaged.content({ archive: 0, entry: last }, true))).equals(contents[last.name]!)).toBe(true);
    });
  },
);

describe("an archive that cannot be read on", () => {
  test("says that it shrank, or cannot be read", async () => {
    const { path, entries, ...place } = await makeArchive();
    const fd = openSync(path, "r");
    const source = new ThreadSource([{ fd, label: path, ...place, sealed: undefined }], nothing());
    truncateSync(path, 1_000_000);
    await expect(read(source.content({ archive: 0, entry: entries[0]! }, true))).rejects.toMatchObject({
      code: "archive-shrank",
      exitCode: 5,
    });
    closeSync(fd);
    await expect(read(source.content({ archive: 0, entry: entries[1]! }, true))).rejects.toMatchObject({
      code: "read-failed",
      exitCode: 1,
    });
  });

  test("whoever answers is told why, as it was thrown, and the thread in words; what comes next is answered", async () => {
    const { path, entries, ...place } = await makeArchive();
    const file = await openFileSource(path);
    onTestFinished(() => file.close());
    const denied = new RefusedError("store-denied", "the store does not allow it");
    let reads = 0;
    const failing: ByteSource = {
      ...file,
      read: (offsetBytes, lengthBytes) => {
        reads += 1;
        return reads === 2 ? Promise.reject(denied) : file.read(offsetBytes, lengthBytes);
      },
    };
    const failures: unknown[] = [];
    const asked = askedOf(failing, (error) => failures.push(error));
    const source = new ThreadSource([{ fd: undefined, label: path, ...place, sealed: undefined }], asked);
    await expect(read(source.content({ archive: 0, entry: entries[0]! }, true))).rejects.toMatchObject({
      code: "store-denied",
      message: "the store does not allow it",
    });
    expect(failures).toEqual([denied]);
    expect(failures[0]).toBe(denied);
    const [first] = entries;
    expect((await read(source.content({ archive: 0, entry: first! }, true))).equals(contents[first!.name]!)).toBe(true);
  });
});

describe("errors from threads", () => {
  test("keep their kind, code, path and hints", () => {
    const there = (error: unknown): Error => unpackError(structuredClone(packError(error)));
    const damaged = there(new DamagedError("data-damaged", "bad frame", { hints: ["take another"] }));
    expect(damaged).toBeInstanceOf(DamagedError);
    expect(damaged).toMatchObject({ code: "data-damaged", message: "bad frame", hints: ["take another"], exitCode: 5 });
    const app = there(new RefusedError("full", "no room"));
    expect(app).toBeInstanceOf(AppError);
    expect(app).toMatchObject({ code: "full", message: "no room" });
    const system = there(Object.assign(new Error("EIO: i/o error"), { code: "EIO", path: "/x" }));
    expect(system).not.toBeInstanceOf(AppError);
    expect(system).toMatchObject({ code: "EIO", path: "/x", message: "EIO: i/o error" });
    expect(there("text")).toMatchObject({ message: "text" });
  });
});
