import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkZipStructure } from "../../src/archive/zip-check.ts";
import { openZipArchive } from "../../src/archive/zip-reader.ts";
import { createZipWriter } from "../../src/archive/zip-writer.ts";
import { goldenArchives } from "../fixtures/golden.ts";
import { createMemorySink, createMemorySource } from "../fixtures/memory-bytes.ts";
import { mustSucceed, runPython } from "../fixtures/python.ts";
import { modifiedAt, smallArchive } from "../fixtures/small-archive.ts";
import { chunked, collect } from "../fixtures/streams.ts";
import { tempFolder } from "../fixtures/temp-folder.ts";

const pythonDigests = `
import sys, json, hashlib, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    print(json.dumps({"comment": z.comment.decode(), "entries": {i.filename: hashlib.sha256(z.read(i)).hexdigest() for i in z.infolist()},
      "dates": sorted({str(i.date_time) for i in z.infolist()})}))
`;

const content = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 20_000 }))
    .map(([unit, times]) => Buffer.alloc(unit.length * times, unit)),
);
const entry = fc.record({
  content,
  deflate: fc.boolean(),
  // undefined: written as known content; byte by byte for small ones
  chunks: fc.option(fc.array(fc.integer({ min: 1, max: 5000 }), { maxLength: 3 }), { nil: undefined }),
});

describe("a ZIP of ours", () => {
  it("gives back what was written, whole, in chunks, byte by byte", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 6 }), fc.string({ maxLength: 30 }), async (entries, comment) => {
        const sink = createMemorySink();
        const writer = createZipWriter(sink, { modifiedAt });
        for (const [index, { content: bytes, deflate, chunks }] of entries.entries()) {
          const name = `component/файл ${index}`;
          const before = Buffer.from(bytes);
          if (chunks === undefined) await writer.addEntry(name, bytes, { deflate });
          else {
            const open = await writer.openEntry(name, { deflate });
            const sizes = bytes.length < 50 ? [1] : chunks;
            for await (const chunk of chunked(bytes, sizes)) {
              await open.write(chunk);
              chunk.fill(0xee);
            }
            const totals = await open.close();
            expect(totals.sha256).toBe(createHash("sha256").update(before).digest("hex"));
            expect(totals.crc32).toBe(crc32(before));
            expect(totals.contentBytes).toBe(before.length);
          }
        }
        await writer.finish(comment);
        const bytes = sink.bytes();
        expect(writer.bytesWritten).toBe(bytes.length);
        const source = createMemorySource(bytes);
        expect(await checkZipStructure(source)).toEqual([]);
        const reader = await openZipArchive(source);
        expect(reader.comment).toBe(Buffer.from(comment, "utf8").toString("utf8"));
        expect([...reader.entries.keys()]).toEqual(entries.map((_, index) => `component/файл ${index}`));
        for (const [index, { content: expected }] of entries.entries()) {
          const name = `component/файл ${index}`;
          expect(Buffer.compare(await collect(reader.read(name)), expected)).toBe(0);
          const found = reader.entries.get(name);
          if (found?.method !== "stored") continue;
          const middle = Math.floor(expected.length / 2);
          const range = await reader.readRange(name, middle, expected.length - middle);
          expect(Buffer.compare(range, expected.subarray(middle))).toBe(0);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("is accepted by unzip and by Python's zipfile", async () => {
    const path = join(await tempFolder(), "small.zip");
    const bytes = await smallArchive();
    await writeFile(path, bytes);
    expect((await mustSucceed("unzip", ["-t", path])).toString()).toContain("No errors detected");
    await mustSucceed("python3", ["-m", "zipfile", "-t", path]);
    const seen = JSON.parse((await runPython(pythonDigests, [path])).toString()) as Record<string, unknown>;
    const reader = await openZipArchive(createMemorySource(bytes));
    const digests: Record<string, string> = {};
    for (const name of reader.entries.keys()) {
      digests[name] = createHash("sha256")
        .update(await reader.readAll(name, 1e6))
        .digest("hex");
    }
    expect(seen).toEqual({ comment: reader.comment, entries: digests, dates: ["(2026, 11, 23, 20, 15, 30)"] });
    expect(Object.keys(digests)).not.toContain("./");
  });

  it("has files that unzip makes readable by their owner only", async () => {
    const folder = await tempFolder();
    await writeFile(join(folder, "small.zip"), await smallArchive());
    await mustSucceed("unzip", ["-q", "small.zip"], { cwd: folder });
    const listing = (
      await mustSucceed("find", ["component", "postgres", "-printf", "%m %y %p\n"], { cwd: folder })
    ).toString();
    const modes = new Set(
      listing
        .trim()
        .split("\n")
        .map((line) => line.split(" ").slice(0, 2).join(" ")),
    );
    expect(modes).toEqual(new Set(["700 d", "600 f"]));
    expect(await readFile(join(folder, "postgres/4711.dat"), "utf8")).toBe("1\tone\n2\ttwo\n\\.\n\n\n");
  });

  it("takes few writes for many small entries, and ZIP64 for more than 65,535", async () => {
    const sink = createMemorySink();
    const writer = createZipWriter(sink, { modifiedAt });
    const count = 70_000;
    for (let id = 1; id <= count; id++) await writer.addEntry(`component/x/${id}`, Buffer.from(String(id)));
    await writer.finish();
    expect(sink.writes).toBeLessThan(20);
    const bytes = sink.bytes();
    const source = createMemorySource(bytes);
    expect(await checkZipStructure(source)).toEqual([]);
    const reader = await openZipArchive(source);
    expect(reader.entries.size).toBe(count);
    expect((await reader.readAll("component/x/69999", 10)).toString()).toBe("69999");
    const path = join(await tempFolder(), "many.zip");
    await writeFile(path, bytes);
    const script = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(len(z.namelist()), z.testzip())";
    expect((await runPython(script, [path])).toString().trim()).toBe(`${count} None`);
    expect((await mustSucceed("unzip", ["-tq", path])).toString()).toContain("No errors detected");
  });

  it("refuses names that no archive may have", async () => {
    const writer = createZipWriter(createMemorySink(), { modifiedAt });
    for (const name of ["./", "../x", "/x", "a//b", "a\\b", "", "c:/x", "a\u0000b", "a/./b"]) {
      await expect(writer.addEntry(name, Buffer.from("x"))).rejects.toThrow(/name/);
    }
    await expect(writer.addDirectory("./")).rejects.toThrow(/name/);
  });

  it("takes one entry at a time", async () => {
    const writer = createZipWriter(createMemorySink(), { modifiedAt });
    const open = await writer.openEntry("a");
    await expect(writer.openEntry("b")).rejects.toThrow("a is still open");
    await expect(writer.finish()).rejects.toThrow("a is still open");
    await open.close();
    await expect(open.close()).rejects.toThrow("closed already");
    await writer.finish();
  });
});

describe("ZIPs of Python's zipfile", () => {
  // NextGIS Web writes with it: to a file, or to a pipe with data descriptors, and with a ./ entry first.
  const script = `
import sys, zipfile, io, os
mode, force = sys.argv[1], sys.argv[2] == "force"
class Pipe(io.RawIOBase):
    def __init__(self, to): self.to = to
    def writable(self): return True
    def write(self, data): return self.to.write(data)
target = sys.stdout.buffer
out = Pipe(target) if mode == "pipe" else io.BytesIO()
with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED if mode == "deflate" else zipfile.ZIP_STORED, allowZip64=True) as z:
    for name in ("./", "postgres/", "component/"):
        info = zipfile.ZipInfo(name, (2026, 11, 23, 20, 0, 0))
        info.external_attr = (0o40755 << 16) | 0x10
        z.writestr(info, b"")
    for name, data in (("postgres/toc.dat", b"PGDMP" * 100), ("component/empty", b""), ("component/ö", os.urandom(5000))):
        with z.open(zipfile.ZipInfo(name, (2026, 11, 23, 20, 0, 0)), "w", force_zip64=force) as f:
            f.write(data)
if mode != "pipe": target.write(out.getvalue())
`;
  for (const mode of ["file", "pipe", "deflate"]) {
    for (const force of ["force", "plain"]) {
      it(`are read and pass the check: ${mode}, ZIP64 ${force}`, async () => {
        const bytes = await runPython(script, [mode, force]);
        const source = createMemorySource(bytes);
        expect(await checkZipStructure(source)).toEqual([]);
        const reader = await openZipArchive(source);
        expect([...reader.entries.keys()]).toEqual([
          "postgres/",
          "component/",
          "postgres/toc.dat",
          "component/empty",
          "component/ö",
        ]);
        expect((await collect(reader.read("postgres/toc.dat"))).toString()).toBe("PGDMP".repeat(100));
        expect((await collect(reader.read("component/ö"))).length).toBe(5000);
      });
    }
  }
});

describe.skipIf(goldenArchives.length === 0)("golden archives of NextGIS Web", () => {
  for (const golden of goldenArchives) {
    it(`${golden.name} passes the check and reads whole`, async () => {
      const source = createMemorySource(await readFile(golden.path));
      expect(await checkZipStructure(source)).toEqual([]);
      const reader = await openZipArchive(source);
      let bytes = 0;
      for (const name of reader.entries.keys()) bytes += (await collect(reader.read(name))).length;
      expect(reader.entries.has("postgres/toc.dat")).toBe(true);
      expect(bytes).toBeGreaterThan(1_000_000);
    });
  }
});
