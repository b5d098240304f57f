import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import { type Codec, compressSmallBlock, decompressBlock, decompressStream } from "../../../src/archive/codec.ts";
import { checkZipStructure } from "../../../src/archive/zip-check.ts";
import { openZipArchive } from "../../../src/archive/zip-reader.ts";
import { createZipWriter } from "../../../src/archive/zip-writer.ts";
import { createZstdSplitter } from "../../../src/archive/zstd-frames.ts";
import { DamagedError } from "../../../src/errors.ts";
import { createMemorySink, createMemorySource } from "../../fixtures/memory-bytes.ts";
import { rawZip } from "../../fixtures/raw-zip.ts";
import { modifiedAt, smallArchive } from "../../fixtures/small-archive.ts";
import { chunked, collect } from "../../fixtures/streams.ts";
import type { FuzzTarget } from "./target.ts";

const isDamage = (error: unknown): boolean => error instanceof DamagedError;

/** The ZIP: structure, directory and content. A read outside of the file is a defect, and thrown as such by the source. */
export const zipTarget: FuzzTarget = {
  name: "zip",
  async seeds() {
    const sink = createMemorySink();
    const writer = createZipWriter(sink, { modifiedAt });
    await writer.addDirectory("a/");
    await writer.addEntry("a/deflated", Buffer.alloc(500, "deflate me "), { deflate: true });
    const streamed = await writer.openEntry("a/streamed", { deflate: true });
    await streamed.write(Buffer.alloc(100, "x"));
    await streamed.close();
    await writer.finish("a comment");
    const tiny = rawZip([{ name: "a", content: "x" }, { name: "b/" }]);
    return [await smallArchive(), sink.bytes(), tiny, withZip64End(tiny, 2)];
  },
  async decode(input) {
    const source = createMemorySource(input);
    const damages = await checkZipStructure(source);
    const reader = await openZipArchive(source);
    for (const name of reader.entries.keys()) await collect(reader.read(name));
    return damages;
  },
  mayThrow: isDamage,
  takesChunks: false,
};

/** The same ZIP with ZIP64 records that it does not need (APPNOTE 4.3.14, 4.3.15). @param count of its entries */
export function withZip64End(zip: Buffer, count: number): Buffer {
  const end = zip.subarray(-22);
  const record = Buffer.alloc(76);
  record.write("PK\u0006\u0006", "latin1");
  record.writeBigUInt64LE(44n, 4);
  record.writeUInt16LE(0x032d, 12);
  record.writeUInt16LE(45, 14);
  record.writeBigUInt64LE(BigInt(count), 24);
  record.writeBigUInt64LE(BigInt(count), 32);
  record.writeBigUInt64LE(BigInt(end.readUInt32LE(12)), 40);
  record.writeBigUInt64LE(BigInt(end.readUInt32LE(16)), 48);
  record.write("PK\u0006\u0007", 56, "latin1");
  record.writeBigUInt64LE(BigInt(zip.length - 22), 64);
  record.writeUInt32LE(1, 72);
  return Buffer.concat([zip.subarray(0, -22), record, end]);
}

/** Cutting a stream into zstd frames, which decompresses nothing. */
export const splitterTarget: FuzzTarget = {
  name: "zstd frames",
  seeds: () => codecSeeds("zstd"),
  async decode(input, feeding) {
    const splitter = createZstdSplitter();
    const ends: number[] = [];
    let at = 0;
    for await (const chunk of chunked(input, feeding))
      for (const { bytes, endsFrame } of splitter.push(chunk)) {
        at += bytes.length;
        if (endsFrame) ends.push(at);
      }
    splitter.finish();
    if (at !== input.length) throw new Error(`pieces of ${at} bytes out of ${input.length}`);
    return ends;
  },
  mayThrow: isDamage,
  takesChunks: true,
};

/** Decompression, as a stream and as the single block that it may be. */
export function codecTarget(codec: "zstd" | "gzip"): FuzzTarget {
  return {
    name: codec,
    seeds: () => codecSeeds(codec),
    async decode(input, feeding) {
      const plain = await collect(decompressStream(codec, chunked(input, feeding)));
      // Several frames are no block; what is one gives the same.
      const block = await decompressBlock(codec, input, plain.length).catch((error: unknown) => {
        if (!isDamage(error)) throw error;
      });
      if (block !== undefined && !block.equals(plain)) throw new Error("a block and a stream differ");
      return undefined;
    },
    mayThrow: isDamage,
    takesChunks: true,
  };
}

async function codecSeeds(codec: Codec): Promise<Buffer[]> {
  const texts = [
    Buffer.alloc(0),
    Buffer.from("a row\n"),
    Buffer.alloc(3000, "0103000020E6100000 "),
    Buffer.alloc(140_000, "x"),
  ];
  const blocks = texts.map((text) => compressSmallBlock(codec, undefined, text));
  if (codec === "gzip") return [...blocks, Buffer.concat(blocks), gzipSync(texts[1] ?? "", { level: 0 })];
  const plain = zstdCompressSync(texts[2] ?? "", { params: { [constants.ZSTD_c_contentSizeFlag]: 0 } });
  const skippable = Buffer.concat([Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0]), Buffer.from("abc")]);
  return [...blocks, Buffer.concat(blocks), plain, Buffer.concat([skippable, blocks[1] ?? plain])];
}
