import { zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { BlockDigest, encodeDigests, newBlockDigestRule } from "../../../src/archive/block-digest.ts";
import { heldBlockBytes } from "../../../src/archive/codec.ts";
import type { Manifest, ManifestEntry } from "../../../src/archive/manifest.ts";
import { openZipArchive } from "../../../src/archive/zip-reader.ts";
import { createZipWriter } from "../../../src/archive/zip-writer.ts";
import { checkedFrames } from "../../../src/operations/consolidate/checked-frames.ts";
import { createMemorySink, createMemorySource } from "../../fixtures/memory-bytes.ts";
import { modifiedAt, sampleHeader } from "../../fixtures/small-archive.ts";
import { errorOf } from "../../fixtures/streams.ts";

const name = "postgres/1.dat.zst";
const never = new AbortController().signal;
const rule = newBlockDigestRule();

/** An archive of one table with frames of some sizes, the reads of which are counted. */
async function archiveOf(plainSizes: readonly number[], wrongDigest?: number) {
  const plains = plainSizes.map((size, index) => Buffer.alloc(size, index + 1));
  const stored = plains.map((plain) => zstdCompressSync(plain, { pledgedSrcSize: plain.length }));
  const digest = new BlockDigest(rule);
  const digests = plains.map((plain, index) => (index === wrongDigest ? Buffer.alloc(16) : digest.of(plain)));
  const sink = createMemorySink();
  const writer = createZipWriter(sink, { modifiedAt });
  await writer.addEntry(name, Buffer.concat(stored));
  await writer.finish("");
  const reader = await openZipArchive(createMemorySource(sink.bytes(), "x.ngwbackup"));
  const storedBytes = stored.reduce((sum, { length }) => sum + length, 0);
  const listed: ManifestEntry = {
    type: "entry",
    name,
    storedBytes,
    contentBytes: storedBytes,
    sha256: "",
    codec: "zstd",
    plainBytes: plainSizes.reduce((sum, size) => sum + size, 0),
    frames: stored.map(({ length }, index) => [length, plainSizes[index] ?? 0, 0]),
    digests: encodeDigests(digests),
  };
  const end = { type: "end", entries: 1, losses: 0, rows: 0, blobs: 0, plainBytes: 0 } as const;
  const header = { ...sampleHeader, blockDigest: rule };
  const manifest: Manifest = { header, entries: new Map([[name, listed]]), losses: [], end };
  const reads = { count: 0 };
  const readRange: typeof reader.readRange = async (...range) => {
    reads.count += 1;
    return await reader.readRange(...range);
  };
  return { contents: { reader: { ...reader, readRange }, manifest }, listed, stored, reads };
}

test("frames that are too large to be held are checked one by one, and not held", async () => {
  const large = heldBlockBytes + 1;
  const { contents, listed, stored, reads } = await archiveOf([large, large, large]);
  let given = 0;
  for await (const frame of checkedFrames(contents, listed, never)) {
    expect(frame.stored.equals(stored[given]!)).toBe(true);
    given += 1;
    expect(reads.count).toBe(given);
    expect(frame.plain).toBeUndefined();
  }
  expect(given).toBe(3);
});

test.each([0, 1])("a wrong digest is found, large or small (frame %d)", async (wrong) => {
  const { contents, listed } = await archiveOf([heldBlockBytes + 1, 1000], wrong);
  const error = await errorOf(async () => {
    for await (const frame of checkedFrames(contents, listed, never)) expect(frame.rows).toBe(0);
  });
  expect(error.message).toMatch(new RegExp(`^x\\.ngwbackup: entry ${name}: digest of frame ${wrong}: expected`));
});
