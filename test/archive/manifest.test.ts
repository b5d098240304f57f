import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type ManifestEntry,
  type ManifestLoss,
  createManifestBuilder,
  parseManifest,
  readManifest,
} from "../../src/archive/manifest.ts";
import { openZipArchive } from "../../src/archive/zip-reader.ts";
import { createZipWriter } from "../../src/archive/zip-writer.ts";
import { DamagedError, RefusedError } from "../../src/errors.ts";
import { createMemorySink, createMemorySource } from "../fixtures/memory-bytes.ts";
import { modifiedAt, sampleHeader, smallArchive } from "../fixtures/small-archive.ts";
import { chunked, collect, errorOf } from "../fixtures/streams.ts";

const sha256 = "0".repeat(64);
const sampleEntry: ManifestEntry = {
  type: "entry",
  name: "postgres/4711.dat.zst",
  storedBytes: 30,
  contentBytes: 30,
  sha256,
  codec: "zstd",
  plainBytes: 300,
  table: { schema: "vector_layer", name: 'layer "x"' },
  rows: 3,
  frames: [
    [20, 295, 3],
    [10, 5, 0],
  ],
};
const end = (entries: number, rows = 0, plainBytes = 0, losses = 0): object => ({
  type: "end",
  entries,
  losses,
  rows,
  blobs: 0,
  plainBytes,
});

const parse = (lines: unknown[], sizes?: number[]): ReturnType<typeof parseManifest> => {
  const text = lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join("");
  return parseManifest("x.ngwbackup", chunked(Buffer.from(text), sizes));
};

describe("the manifest", () => {
  it("comes back as it was built, from an archive, in the order of its lines", async () => {
    const losses: ManifestLoss[] = [
      { type: "loss", kind: "size", what: "tileset/0123", expected: "10 bytes", found: "9 bytes" },
      { type: "loss", kind: "missing", what: "tileset/4567" },
    ];
    const names = fc.uniqueArray(fc.integer({ min: 1, max: 1e6 }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(names, async (ids) => {
        const sink = createMemorySink();
        const writer = createZipWriter(sink, { modifiedAt });
        const builder = createManifestBuilder(sampleHeader);
        const entries = ids.map((id): ManifestEntry => ({
          type: "entry",
          name: `component/file_storage/${String(id).padStart(8, "0")}`,
          storedBytes: id,
          contentBytes: id,
          sha256,
          codec: "none",
          plainBytes: id,
        }));
        for (const entry of [...entries, sampleEntry]) builder.addEntry(entry);
        for (const loss of losses) builder.addLoss(loss);
        const written = await builder.writeTo(writer);
        await writer.finish(written.comment);
        const manifest = await readManifest(await openZipArchive(createMemorySource(sink.bytes())));
        expect(manifest?.header).toEqual(sampleHeader);
        expect([...(manifest?.entries.values() ?? [])]).toEqual([...entries, sampleEntry]);
        expect(manifest?.losses).toEqual(losses);
        expect(manifest?.end).toEqual(written.end);
        expect(manifest?.end).toMatchObject({ blobs: ids.length, rows: 3, losses: 2 });
      }),
      { numRuns: 20 },
    );
  });

  it("is the same fed whole, in chunks, byte by byte", async () => {
    const lines = [sampleHeader, sampleEntry, end(1, 3, 300)];
    const expected = await parse(lines);
    expect(await parse(lines, [1])).toEqual(expected);
    expect(await parse(lines, [7, 100, 3])).toEqual(expected);
  });

  it("of many entries takes little memory while it grows", async () => {
    const builder = createManifestBuilder(sampleHeader);
    for (let id = 1; id <= 100_000; id++) {
      builder.addEntry({
        ...sampleEntry,
        name: `postgres/${id}.dat.zst`,
        sha256: createHash("sha256").update(`${id}`).digest("hex"),
      });
    }
    const sink = createMemorySink();
    const writer = createZipWriter(sink, { modifiedAt });
    const { comment, entry } = await builder.writeTo(writer);
    await writer.finish(comment);
    expect(entry.contentBytes).toBeGreaterThan(20_000_000);
    const manifest = await readManifest(await openZipArchive(createMemorySource(sink.bytes())));
    expect(manifest?.entries.size).toBe(100_000);
  });

  it("is undefined for a foreign archive", async () => {
    const sink = createMemorySink();
    const writer = createZipWriter(sink, { modifiedAt });
    await writer.addEntry("postgres/toc.dat", Buffer.from("x"));
    await writer.finish("some comment");
    expect(await readManifest(await openZipArchive(createMemorySource(sink.bytes())))).toBeUndefined();
  });

  it("must have the digest that the comment names", async () => {
    const bytes = await smallArchive();
    const source = await openZipArchive(createMemorySource(bytes));
    const plain = await collect(source.read("manifest.jsonl"));
    expect(source.comment).toBe(`ngwbackup manifest sha256=${createHash("sha256").update(plain).digest("hex")}`);
    const build = async (name: string, comment: string): Promise<Error> => {
      const sink = createMemorySink();
      const writer = createZipWriter(sink, { modifiedAt });
      await writer.addEntry(name, plain);
      await writer.finish(comment);
      return await errorOf(async () => readManifest(await openZipArchive(createMemorySource(sink.bytes()))));
    };
    const other = `ngwbackup manifest sha256=${sha256}`;
    expect((await build("manifest.jsonl", other)).message).toContain(
      "sha256 of the manifest differs from the comment's",
    );
    expect((await build("manifest.jsonl", "")).message).toContain("no digest of the manifest");
    expect((await build("other", other)).message).toContain("missing manifest");
  });

  it("drops keys that it does not know, __proto__ among them", async () => {
    const header = JSON.stringify(sampleHeader).replace("{", '{"__proto__":{"polluted":1},"future":{"a":[1]},');
    const entry = JSON.stringify(sampleEntry).replace("{", '{"__proto__":{"rows":5},"constructor":7,');
    const manifest = await parse([header, entry, end(1, 3, 300)]);
    expect(manifest.header).toEqual(sampleHeader);
    expect([...manifest.entries.values()]).toEqual([sampleEntry]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    const proto = { ...sampleEntry, name: "__proto__" };
    expect((await parse([sampleHeader, proto, end(1, 3, 300)])).entries.get("__proto__")).toEqual(proto);
  });

  it("of an unknown format is refused, with what to do", async () => {
    const error = await errorOf(() => parse([{ ...sampleHeader, format: 3, base: { sha256 } }]));
    expect(error).toBeInstanceOf(RefusedError);
    expect(error.message).toBe("x.ngwbackup: unknown archive format: expected format 1 or 2, found 3");
    expect((error as RefusedError).hints[0]).toContain("install the version of ngwbackup that wrote the archive");
  });

  const entryWith = (change: object): unknown[] => [sampleHeader, { ...sampleEntry, ...change }, end(1, 3, 300)];
  const headerWith = (change: object): unknown[] => [{ ...sampleHeader, ...change }, end(0)];
  it.each<[string, unknown[]]>([
    ["line 1: expected a header line, found an empty manifest", []],
    ["line 1: expected a JSON object, found nonsense", ["nonsense"]],
    ["line 1: expected an object as header, found null", ["null"]],
    ["line 1: expected an object as header, found [1]", ["[1]"]],
    ["line 1: expected header as header.type", [sampleEntry]],
    ["line 2: expected the end line, found the end of the manifest", [sampleHeader]],
    ["line 2: expected the header as the first line only", [sampleHeader, sampleHeader]],
    ["line 3: expected nothing after the end line", [sampleHeader, end(0), end(0)]],
    [
      "line 2: expected a line of type header, entry, loss or end, found surprise",
      [sampleHeader, { type: "surprise" }],
    ],
    ["line 2: expected 0 as end.entries, by the lines before, found 1", [sampleHeader, end(1)]],
    ["line 3: expected 3 as end.rows, by the lines before, found 4", [sampleHeader, sampleEntry, end(1, 4, 300)]],
    ["line 3: expected each entry once, found postgres/4711.dat.zst again", [sampleHeader, sampleEntry, sampleEntry]],
    ["expected a whole number from 0 on as entry.storedBytes, found -1", entryWith({ storedBytes: -1 })],
    ["expected a whole number from 0 on as entry.plainBytes, found 1.5", entryWith({ plainBytes: 1.5 })],
    ["expected a whole number from 0 on as entry.plainBytes, found 1e+300", entryWith({ plainBytes: 1e300 })],
    ['expected a whole number from 0 on as entry.contentBytes, found "30"', entryWith({ contentBytes: "30" })],
    ["expected a whole number from 0 on as entry.rows, found null", entryWith({ rows: null })],
    ["expected 64 lower-case hex digits as entry.sha256", entryWith({ sha256: "F".repeat(64) })],
    ["expected none or zstd or gzip as entry.codec", entryWith({ codec: "lz4" })],
    ["expected a file's name, found a part .. in the name", entryWith({ name: "../x" })],
    ["expected a file's name, found component/", entryWith({ name: "component/" })],
    ["expected a text of at most 4096 characters as entry.name", entryWith({ name: "x".repeat(5000) })],
    ["expected frames that add up to 30 (content), found 20", entryWith({ frames: [[20, 300, 3]] })],
    ["expected frames that add up to 300 (plain bytes), found 299", entryWith({ frames: [[30, 299, 3]] })],
    ["expected frames that add up to 3 (rows), found 2", entryWith({ frames: [[30, 300, 2]] })],
    ["expected three numbers as a frame", entryWith({ frames: [[30, 300]] })],
    [
      "expected at most 31 frames of 30 bytes, found 33",
      entryWith({ frames: [...Array.from({ length: 32 }, () => [0, 0, 0]), [30, 300, 3]] }),
    ],
    ["expected 30 as entry.plainBytes, as there is no codec", entryWith({ codec: "none" })],
    ["expected a text of at most 65536 characters as entry.table.name", entryWith({ table: { schema: "x" } })],
    ["expected a UTC time as in RFC 3339 as header.createdAt", headerWith({ createdAt: "2026-11-23 20:15" })],
    ["expected a time that exists as createdAt", headerWith({ createdAt: "2026-99-23T20:15:30Z" })],
    ["expected null as header.base in format 1, found something else", headerWith({ base: {} })],
    ["expected an object as header.database, found nothing", headerWith({ database: undefined })],
    ["expected a list of at most 1000000 as header.excludedRows", headerWith({ excludedRows: "all" })],
    ["expected a list of at most 1000 as header.tags", headerWith({ tags: "release" })],
    ["expected a text of at most 65536 characters as header.tags", headerWith({ tags: [1] })],
    ["expected a whole number as header.options.level", headerWith({ options: { compression: "zstd", level: "9" } })],
    [
      "expected missing or unreadable or size as loss.kind",
      [sampleHeader, { type: "loss", kind: "stolen", what: "x" }],
    ],
    [
      "line 2: expected at most 8 levels, found deeper nesting",
      [sampleHeader, `{"type":"entry","x":${"[".repeat(50_000)}`],
    ],
    ["line 2: expected a JSON object", [sampleHeader, `{"type":"entry","x":${"[".repeat(1000)}`]],
  ])("%s", async (message, lines) => {
    const error = await errorOf(() => parse(lines));
    expect(error).toBeInstanceOf(DamagedError);
    expect(error.message).toContain(`entry manifest.jsonl: `);
    expect(error.message).toContain(message);
  });

  it("line without an end, too long, or not in UTF-8", async () => {
    const label = "x.ngwbackup";
    const cut = Buffer.from(`${JSON.stringify(sampleHeader)}\n${JSON.stringify(end(0))}`);
    await expect(parseManifest(label, chunked(cut, [10]))).rejects.toThrow("line 2: expected a newline at its end");
    const latin = Buffer.concat([Buffer.from('{"type":"'), Buffer.from([0xe4]), Buffer.from('"}\n')]);
    await expect(parseManifest(label, chunked(latin))).rejects.toThrow(
      "line 1: expected UTF-8, found another encoding",
    );
    let given = 0;
    async function* endless(): AsyncGenerator<Buffer> {
      const chunk = Buffer.alloc(1024 * 1024, "x");
      for (;;) {
        given += chunk.length;
        yield chunk;
      }
    }
    await expect(parseManifest(label, endless())).rejects.toThrow("line 1: expected at most 67108864 bytes in a line");
    expect(given).toBeLessThan(66 * 1024 * 1024);
  });

  it("that unpacks to more than such an archive can need is refused before it is unpacked", async () => {
    const sink = createMemorySink();
    const writer = createZipWriter(sink, { modifiedAt });
    const open = await writer.openEntry("manifest.jsonl", { deflate: true });
    for (let mebibytes = 0; mebibytes < 80; mebibytes++) await open.write(Buffer.alloc(1024 * 1024, "\n"));
    await open.close();
    await writer.finish(`ngwbackup manifest sha256=${sha256}`);
    const source = createMemorySource(sink.bytes());
    const reader = await openZipArchive(source);
    await expect(readManifest(reader)).rejects.toThrow("manifest is too large");
    expect(source.reads).toBeLessThan(6);
  });
});
