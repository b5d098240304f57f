import { closeSync, openSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readZipDirectory } from "../../../src/archive/zip-directory.ts";
import { readZipEnd } from "../../../src/archive/zip-end-records.ts";
import { createZipWriter } from "../../../src/archive/zip-writer.ts";
import { AppError, DamagedError, RefusedError } from "../../../src/errors.ts";
import { packError, unpackError } from "../../../src/operations/contents/thread-error.ts";
import { ThreadSource } from "../../../src/operations/contents/thread-source.ts";
import { openFileSource } from "../../../src/stores/file-source.ts";
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
