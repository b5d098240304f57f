import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createChainReader } from "../../src/archive/chain-reader.ts";
import type { EntryPart, Manifest, ManifestEntry } from "../../src/archive/manifest.ts";
import type { ArchiveReader } from "../../src/archive/reader.ts";
import { openZipArchive } from "../../src/archive/zip-reader.ts";
import { createZipWriter } from "../../src/archive/zip-writer.ts";
import { createMemorySink, createMemorySource } from "../fixtures/memory-bytes.ts";
import { modifiedAt, sampleHeader } from "../fixtures/small-archive.ts";
import { collect, errorOf } from "../fixtures/streams.ts";

const tableName = "postgres/1.dat.zst";
const baseTable = "postgres/77.dat.zst";
const blobName = "component/file_storage/00000001";

async function zip(entries: Record<string, Buffer>, label: string): Promise<ArchiveReader> {
  const sink = createMemorySink();
  const writer = createZipWriter(sink, { modifiedAt });
  for (const [name, content] of Object.entries(entries)) await writer.addEntry(name, content);
  await writer.finish("");
  return await openZipArchive(createMemorySource(sink.bytes(), label));
}

const common = { type: "entry", sha256: "", codec: "zstd", plainBytes: 0 } as const;

function manifestOf(...entries: ManifestEntry[]): Manifest {
  const end = { type: "end", entries: entries.length, losses: 0, rows: 0, blobs: 0, plainBytes: 0 } as const;
  return { header: sampleHeader, entries: new Map(entries.map((entry) => [entry.name, entry])), losses: [], end };
}

/** Frames, and which archive each stands in: 0 the newest. */
const frames = fc.array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 0, max: 2 })), {
  minLength: 1,
  maxLength: 20,
});

/** Puts frames into archives and says where they stand, neighbours of one archive together. */
async function build(of: readonly (readonly [Uint8Array, number])[], shuffle: boolean) {
  const contents = [0, 1, 2].map((archive) => of.filter(([, where]) => where === archive).map(([frame]) => frame));
  const parts: EntryPart[] = [];
  const used = [0, 0, 0];
  for (const [frame, where] of of) {
    const last = parts.at(-1);
    if (last?.[0] === where && !shuffle) last[3] += 1;
    else parts.push([where, where === 0 ? "" : baseTable, used[where]!, 1]);
    used[where]! += frame.length;
  }
  const own = Buffer.concat(contents[0]!);
  const readers = await Promise.all([
    zip(own.length === 0 ? {} : { [tableName]: own }, "own"),
    zip({ [baseTable]: Buffer.concat(contents[1]!), blob: Buffer.from("of the base") }, "one"),
    zip({ [baseTable]: Buffer.concat(contents[2]!) }, "two"),
  ]);
  const whole = Buffer.concat(of.map(([frame]) => frame));
  const entry: ManifestEntry = {
    ...common,
    name: tableName,
    storedBytes: own.length,
    contentBytes: whole.length,
    frames: of.map(([frame]) => [frame.length, 0, 0]),
    parts,
  };
  const blob: ManifestEntry = {
    ...common,
    name: blobName,
    storedBytes: 11,
    contentBytes: 11,
    from: { archive: 1, name: "blob" },
  };
  const [newest, ...others] = readers;
  const bases = new Map(others.map((reader, index) => [index + 1, reader]));
  return { whole, entry, chain: createChainReader(newest, manifestOf(entry, blob), bases) };
}

describe("a chain of archives", () => {
  it("reads as the whole one, from the beginning and at random", async () => {
    await fc.assert(
      fc.asyncProperty(frames, fc.boolean(), fc.nat(), fc.nat(), async (of, shuffle, from, length) => {
        const { whole, chain } = await build(of, shuffle);
        expect((await collect(chain.read(tableName))).equals(whole)).toBe(true);
        expect(chain.entries.get(tableName)).toMatchObject({ contentBytes: whole.length, method: "stored" });
        const start = from % (whole.length + 1);
        const bytes = length % (whole.length - start + 1);
        const part = await chain.readRange(tableName, start, bytes);
        expect(part.equals(whole.subarray(start, start + bytes))).toBe(true);
        const error = await errorOf(() => chain.readRange(tableName, start, whole.length - start + 1));
        expect(error.message).toContain("range is not inside the entry");
      }),
      { numRuns: 60 },
    );
  });

  it("gives entries that stand elsewhere by their name here", async () => {
    const { chain } = await build([[Buffer.from("x"), 0]], false);
    expect(String(await chain.readAll(blobName, 100))).toBe("of the base");
    expect(String(await chain.readRange(blobName, 3, 3))).toBe("the");
    expect(chain.entries.get(blobName)).toMatchObject({ name: blobName, contentBytes: 11 });
    expect(chain.entries.has("blob")).toBe(false);
  });

  it.each<[string, (entry: ManifestEntry) => ManifestEntry]>([
    ["stands in no archive", (entry) => ({ ...entry, parts: [[9, baseTable, 0, 2]], storedBytes: 0 })],
    ["stands in no entry", (entry) => ({ ...entry, parts: [[1, "postgres/78.dat.zst", 0, 2]], storedBytes: 0 })],
    ["goes beyond its entry", (entry) => ({ ...entry, parts: [[1, baseTable, 4, 2]], storedBytes: 0 })],
    ["is less than this archive holds", (entry) => ({ ...entry, storedBytes: 2 })],
  ])("leaves out an entry that %s", async (_what, change) => {
    const { entry, chain } = await build(
      [
        [Buffer.from("abc"), 0],
        [Buffer.from("defg"), 1],
      ],
      false,
    );
    expect(chain.entries.has(tableName)).toBe(true);
    const { own, bases } = chain.chain!;
    expect(createChainReader(own, manifestOf(change(entry)), bases).entries.has(tableName)).toBe(false);
  });

  it("finds damage in what it takes from another archive whole", async () => {
    const content = Buffer.from("the content of a blob");
    const sink = createMemorySink();
    const writer = createZipWriter(sink, { modifiedAt });
    await writer.addEntry("blob", content);
    await writer.finish("");
    const bytes = sink.bytes();
    bytes[bytes.indexOf("content")]! ^= 1;
    const base = await openZipArchive(createMemorySource(bytes, "base.ngwbackup"));
    const sha256 = createHash("sha256").update(content).digest("hex");
    const sizes = { storedBytes: content.length, contentBytes: content.length, plainBytes: content.length };
    const entry: ManifestEntry = {
      ...common,
      ...sizes,
      sha256,
      codec: "none",
      name: blobName,
      from: { archive: 1, name: "blob" },
    };
    const chain = createChainReader(await zip({}, "own"), manifestOf(entry), new Map([[1, base]]));
    const error = await errorOf(() => collect(chain.read(blobName)));
    expect(error.message).toMatch(/^base\.ngwbackup: entry blob: CRC-32 differs/);
  });
});
