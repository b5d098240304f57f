import { open, truncate } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkZipStructure } from "../../src/archive/zip-check.ts";
import { openZipArchive } from "../../src/archive/zip-reader.ts";
import { createZipWriter } from "../../src/archive/zip-writer.ts";
import type { ByteSink } from "../../src/bytes.ts";
import { openFileSource } from "../../src/stores/file-source.ts";
import { mustSucceed, runPython } from "../fixtures/python.ts";
import { modifiedAt } from "../fixtures/small-archive.ts";
import { collect } from "../fixtures/streams.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

const gib = 1024 ** 3;

/** Writes a file from an offset on and leaves holes where chunks are all zero. */
async function sparseSink(path: string, start: number): Promise<ByteSink> {
  const file = await open(path, "wx");
  const zeros = Buffer.alloc(1024 * 1024);
  let at = start;
  return {
    label: path,
    async write(chunk) {
      if (!(chunk.length === zeros.length && zeros.equals(chunk))) await file.write(chunk, 0, chunk.length, at);
      at += chunk.length;
    },
    async finish() {
      await file.close();
      await truncate(path, at);
    },
    async abort() {
      await file.close();
    },
  };
}

const names =
  "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print([(i.filename, i.file_size, i.header_offset) for i in z.infolist()])";

describe("ZIP64", () => {
  it("offsets beyond 4 GiB are written, read by others, and found again", async () => {
    const path = join(await tempFolder(), "far.zip");
    const start = 5 * gib;
    const writer = createZipWriter(await sparseSink(path, start), { modifiedAt, startOffsetBytes: start });
    await writer.addDirectory("component/");
    await writer.addEntry("component/near", Buffer.from("far away"));
    const streamed = await writer.openEntry("component/streamed", { deflate: true });
    await streamed.write(Buffer.from("streamed far away"));
    const totals = await streamed.close();
    expect(totals.offsetBytes).toBeGreaterThan(start);
    await writer.finish("comment");
    const source = await openFileSource(path);
    const reader = await openZipArchive(source);
    expect((await collect(reader.read("component/near"))).toString()).toBe("far away");
    expect((await collect(reader.read("component/streamed"))).toString()).toBe("streamed far away");
    const damages = await checkZipStructure(source);
    expect(damages.map(({ what }) => what)).toEqual([`${start} bytes that belong to nothing before the first entry`]);
    await reader.close();
    expect((await runPython(names, [path])).toString()).toContain(`('component/near', 8, ${start + 40})`);
    const read = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(z.testzip(), z.read('component/near'))";
    expect((await runPython(read, [path])).toString().trim()).toBe("None b'far away'");
    expect((await mustSucceed("unzip", ["-p", path, "component/streamed"])).toString()).toBe("streamed far away");
  });

  // 5 GiB through CRC and sha256, by us and by others, take a minute.
  it.skipIf(process.env["NGWBACKUP_SLOW_TESTS"] === undefined)(
    "an entry beyond 4 GiB (slow, NGWBACKUP_SLOW_TESTS=1)",
    { timeout: 600_000 },
    async () => {
      const path = join(await tempFolder(), "large.zip");
      const writer = createZipWriter(await sparseSink(path, 0), { modifiedAt });
      const entry = await writer.openEntry("large");
      const chunk = Buffer.alloc(1024 * 1024);
      for (let done = 0; done < 5 * gib; done += chunk.length) await entry.write(chunk);
      expect((await entry.close()).contentBytes).toBe(5 * gib);
      await writer.addEntry("after", Buffer.from("x"));
      await writer.finish();
      const source = await openFileSource(path);
      expect(await checkZipStructure(source)).toEqual([]);
      const reader = await openZipArchive(source);
      let bytes = 0;
      for await (const piece of reader.read("large")) bytes += piece.length;
      expect(bytes).toBe(5 * gib);
      await reader.close();
      await mustSucceed("unzip", ["-tq", path]);
      await mustSucceed("python3", ["-m", "zipfile", "-t", path]);
    },
  );
});
