import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readManifest } from "../../src/archive/manifest.ts";
import { checkZipStructure } from "../../src/archive/zip-check.ts";
import { openZipArchive } from "../../src/archive/zip-reader.ts";
import { createZipWriter } from "../../src/archive/zip-writer.ts";
import type { ArchiveWriter } from "../../src/archive/writer.ts";
import { createFileSink } from "../../src/stores/file-sink.ts";
import { createMemorySource, failingSink, failingSource } from "../fixtures/memory-bytes.ts";
import { modifiedAt, smallArchive, writeSmallArchive } from "../fixtures/small-archive.ts";
import { collect, errorOf } from "../fixtures/streams.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

/** Entries larger than the writer's batches, so that there are writes in every place. */
async function writeLarge(writer: ArchiveWriter): Promise<void> {
  for (const deflate of [true, false]) {
    const entry = await writer.openEntry(`large/${deflate}`, { deflate });
    for (let turn = 0; turn < 6; turn++) {
      await entry.write(randomBytes(400_000));
    }
    await entry.close();
    await writer.addEntry(`known/${deflate}`, Buffer.alloc(200_000, "x"));
  }
  await writeSmallArchive(writer);
}

describe("faults", () => {
  it("the Nth write failing, for every N, fails the archive and leaves no file", async () => {
    const folder = await tempFolder();
    const path = join(folder, "out.ngwbackup");
    let nth = 0;
    for (;;) {
      nth++;
      const sink = failingSink(await createFileSink(path, { pid: process.pid }), nth);
      const writer = createZipWriter(sink, { modifiedAt });
      let error: unknown;
      try {
        await writeLarge(writer);
      } catch (thrown) {
        error = thrown;
      }
      if (!sink.failed) {
        expect(error).toBeUndefined();
        break;
      }
      expect(error).toMatchObject({ message: `write ${nth} failed` });
      await writer.abort();
      await writer.abort();
      expect(await readdir(folder), `write ${nth}`).toEqual([]);
    }
    expect(nth).toBeGreaterThan(5);
    expect(await readdir(folder)).toEqual(["out.ngwbackup"]);
  });

  it("the Nth read failing, for every N, is passed on as it is", async () => {
    const bytes = await smallArchive();
    const readAll = async (source: ReturnType<typeof failingSource>): Promise<void> => {
      expect(await checkZipStructure(source)).toEqual([]);
      const reader = await openZipArchive(source);
      await readManifest(reader);
      for (const name of reader.entries.keys()) await collect(reader.read(name));
      await reader.readRange("postgres/4711.dat", 0, 3);
    };
    let nth = 0;
    for (;;) {
      nth++;
      const source = failingSource(createMemorySource(bytes), nth);
      let error: unknown;
      try {
        await readAll(source);
      } catch (thrown) {
        error = thrown;
      }
      if (!source.failed) {
        expect(error).toBeUndefined();
        break;
      }
      expect(error, `read ${nth}`).toMatchObject({ message: `read ${nth} failed` });
    }
    expect(nth).toBeGreaterThan(5);
  });

  it("a read failing in the middle of a large entry, stored or deflated", async () => {
    const folder = await tempFolder();
    const chunks: Buffer[] = [];
    const sink = {
      label: join(folder, "x"),
      async write(chunk: Uint8Array) {
        chunks.push(Buffer.from(chunk));
      },
      async finish() {},
      async abort() {},
    };
    await writeLarge(createZipWriter(sink, { modifiedAt }));
    const memory = createMemorySource(Buffer.concat(chunks));
    for (const name of ["large/true", "large/false"]) {
      for (const after of [1, 2]) {
        let armed = false;
        let reads = 0;
        const source = {
          ...memory,
          async read(offset: number, length: number) {
            if (armed && ++reads > after) throw new Error("read failed");
            return await memory.read(offset, length);
          },
        };
        const reader = await openZipArchive(source);
        armed = true;
        expect((await errorOf(() => collect(reader.read(name)))).message).toBe("read failed");
      }
    }
  });
});
