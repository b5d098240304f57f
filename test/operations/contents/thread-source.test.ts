import { closeSync, openSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readZipDirectory } from "../../../src/archive/zip-directory.ts";
import { readZipEnd } from "../../../src/archive/zip-end-records.ts";
import { createZipWriter } from "../../../src/archive/zip-writer.ts";
import type { SealedFile } from "../../../src/bytes.ts";
import { sealedChunkBytes } from "../../../src/encryption/age-format.ts";
import { openAgeSource } from "../../../src/encryption/age-source.ts";
import { AppError, DamagedError, RefusedError } from "../../../src/errors.ts";
import { packError, unpackError } from "../../../src/operations/contents/thread-error.ts";
import { ThreadSource } from "../../../src/operations/contents/thread-source.ts";
import { openFileSource } from "../../../src/stores/file-source.ts";
import { makeAgeKeys, sealedBytes } from "../../fixtures/age-files.ts";
import { createMemorySink } from "../../fixtures/memory-bytes.ts";
import { modifiedAt } from "../../fixtures/small-archive.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";

const contents: Readonly<Record<string, Buffer>> = {
  "component/file_storage/00000001": Buffer.alloc(3_000_000, "large and stored "),
  "component/file_storage/00000002": Buffer.from("small"),
  "component/file_storage/00000003": Buffer.alloc(100_000, "deflated "),
  "component/file_storage/00000004": Buffer.alloc(700_000, "between "),
};

/** An archive on disk, as a thread sees it. */
async function archive() {
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

describe("the archive as a thread reads it", () => {
  test("gives every entry whole, kept or passing by, in any order", async () => {
    const { path, entries, ...place } = await archive();
    const fd = openSync(path, "r");
    try {
      const source = new ThreadSource([{ fd, label: path, ...place }]);
      for (const passesBy of [true, false]) {
        for (const entry of [...entries, ...entries.toReversed()]) {
          const found = await read(source.content({ archive: 0, entry }, passesBy));
          expect(found.equals(contents[entry.name]!)).toBe(true);
        }
      }
    } finally {
      closeSync(fd);
    }
  });

  test("gives the same of an encrypted file, and names a chunk that is damaged", async () => {
    const { path: plainPath, entries, sizeBytes, directoryOffsetBytes } = await archive();
    const keys = await makeAgeKeys();
    const path = `${plainPath}.age`;
    writeFileSync(path, await sealedBytes([readFileSync(plainPath)], { keys: [keys.recipient] }));
    const source = await openAgeSource(await openFileSource(path), keys.identities);
    const { fd = -1, ...sealed } = source.sealedFile ?? {};
    expect(source.sizeBytes).toBe(sizeBytes);
    const file = { fd, label: path, sizeBytes, directoryOffsetBytes };
    try {
      const inThread = new ThreadSource([{ ...file, sealed: sealed as SealedFile }]);
      for (const passesBy of [true, false])
        for (const entry of [...entries, ...entries.toReversed()])
          expect((await read(inThread.content({ archive: 0, entry }, passesBy))).equals(contents[entry.name]!)).toBe(
            true,
          );
      const bytes = readFileSync(path);
      const offset = source.sealedFile!.payloadOffsetBytes + 3 * sealedChunkBytes;
      bytes[offset]! ^= 1;
      writeFileSync(path, bytes);
      const damaged = new ThreadSource([{ ...file, sealed: sealed as SealedFile }]);
      await expect(read(damaged.content({ archive: 0, entry: entries[0]! }, true))).rejects.toMatchObject({
        code: "chunk-damaged",
        message: expect.stringContaining(`${path}: chunk 3 at offset ${offset} is damaged`) as string,
      });
      expect(
        (await read(damaged.content({ archive: 0, entry: entries[3]! }, true))).equals(contents[entries[3]!.name]!),
      ).toBe(true);
    } finally {
      await source.close();
    }
  });

  test("says that it shrank, or cannot be read", async () => {
    const { path, entries, ...place } = await archive();
    const fd = openSync(path, "r");
    const source = new ThreadSource([{ fd, label: path, ...place }]);
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
