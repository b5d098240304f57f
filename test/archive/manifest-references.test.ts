import { describe, expect, it } from "vitest";
import { encodeDigests } from "../../src/archive/block-digest.ts";
import { parseManifest } from "../../src/archive/manifest.ts";
import { DamagedError } from "../../src/errors.ts";
import { sampleHeader } from "../fixtures/small-archive.ts";
import { chunked, errorOf } from "../fixtures/streams.ts";

const sha256 = "0".repeat(64);
const base = (id: number): object => ({
  id,
  fileName: `${id}.ngwbackup`,
  sha256: String(id).repeat(64),
  createdAt: "2026-11-22T20:15:30.123Z",
  instanceId: null,
});
const header = {
  ...sampleHeader,
  format: 2,
  blockDigest: { algorithm: "aes-128-gmac", key: "0123456789abcdef".repeat(2) },
  base: [base(1), base(7)],
};
const digests = encodeDigests([Buffer.alloc(16, 1), Buffer.alloc(16, 2), Buffer.alloc(16, 3)]);
const table = {
  type: "entry",
  name: "postgres/1.dat.zst",
  storedBytes: 10,
  contentBytes: 60,
  sha256,
  codec: "zstd",
  plainBytes: 305,
  table: { schema: "s", name: "t" },
  rows: 3,
  frames: [
    [20, 100, 1],
    [30, 200, 2],
    [10, 5, 0],
  ],
  digests,
  parts: [
    [7, "postgres/9.dat.zst", 400, 2],
    [0, "", 0, 1],
  ],
};
const blob = {
  type: "entry",
  name: "component/file_storage/00000001",
  storedBytes: 5,
  contentBytes: 5,
  sha256,
  codec: "none",
  plainBytes: 5,
  from: { archive: 1, name: "component/file_storage/00000004" },
};
const end = { type: "end", entries: 2, losses: 0, rows: 3, blobs: 1, plainBytes: 310 };

const parse = (lines: object[]): ReturnType<typeof parseManifest> =>
  parseManifest("x.ngwbackup", chunked(Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(""))));

describe("a manifest that refers to other archives", () => {
  it("says where everything stands", async () => {
    const manifest = await parse([header, table, blob, end]);
    expect(manifest.header.base).toEqual(header.base);
    expect(manifest.header.blockDigest).toEqual(header.blockDigest);
    expect(manifest.entries.get(table.name)).toEqual(table);
    expect(manifest.entries.get(blob.name)).toEqual(blob);
  });

  it("knows no references in format 1, where another version may use these keys", async () => {
    const { frames: _frames, digests: _digests, ...line } = table;
    const manifest = await parse([sampleHeader, line, blob, end]);
    expect(manifest.entries.get(table.name)).not.toHaveProperty("parts");
    expect(manifest.entries.get(blob.name)).not.toHaveProperty("from");
  });

  const bad: [message: string, header: object, table: object, blob: object][] = [
    ["a list of at most 100000 as header.base", { base: null }, {}, {}],
    ["each archive's own id from 1 on", { base: [base(1), base(1)] }, {}, {}],
    ["each archive's own id from 1 on", { base: [base(0)] }, {}, {}],
    ["each archive once as header.base", { base: [base(1), { ...base(7), sha256: "1".repeat(64) }] }, {}, {}],
    ["a file's name as header.base.fileName", { base: [{ ...base(1), fileName: "../x" }] }, {}, {}],
    ["a file's name as header.base.fileName", { base: [{ ...base(1), fileName: ".." }] }, {}, {}],
    ["64 lower-case hex digits", { base: [{ ...base(1), sha256: "ABC" }] }, {}, {}],
    ["a UTC time as in RFC 3339", { base: [{ ...base(1), createdAt: "\u001b[2J" }] }, {}, {}],
    ["32 lower-case hex digits", { blockDigest: { algorithm: "aes-128-gmac", key: "12" } }, {}, {}],
    ["aes-128-gmac as header.blockDigest.algorithm", { blockDigest: { algorithm: "crc", key: "12" } }, {}, {}],
    ["an archive of header.base, found 7 for postgres/1.dat.zst", { base: [base(1)] }, {}, {}],
    ["header.blockDigest for an entry in parts, found none", { blockDigest: undefined }, {}, {}],
    ["the id of another archive", {}, {}, { from: { archive: 0, name: "component/file_storage/00000004" } }],
    ["the name of a file in another archive", {}, {}, { from: { archive: 1, name: "../../etc/passwd" } }],
    ["either from or parts", {}, { from: { archive: 1, name: "postgres/9.dat.zst" } }, {}],
    [
      "each byte of another archive once, found postgres/9.dat.zst again",
      {},
      {},
      { from: { archive: 7, name: "postgres/9.dat.zst" } },
    ],
    ["48 bytes of digests in base64", {}, { digests: digests.slice(4) }, {}],
    ["48 bytes of digests in base64", {}, { digests: `${digests.slice(0, -1)}*` }, {}],
    ["a codec and digests", {}, { digests: undefined }, {}],
    ["parts of 3 frames together", {}, { parts: [[7, "postgres/9.dat.zst", 400, 2]] }, {}],
    ["parts of 3 frames together", {}, { parts: [[7, "postgres/9.dat.zst", 400, 4]] }, {}],
    ["parts of 3 frames together", {}, { parts: [[7, "postgres/9.dat.zst", 400, 0]] }, {}],
    [
      "own frames without a name",
      {},
      {
        parts: [
          [7, "postgres/9.dat.zst", 400, 2],
          [0, "", 4, 1],
        ],
      },
      {},
    ],
    [
      "own frames without a name",
      {},
      {
        parts: [
          [7, "postgres/9.dat.zst", 400, 2],
          [0, "x", 0, 1],
        ],
      },
      {},
    ],
    ["11 bytes of own frames", {}, { storedBytes: 11 }, {}],
    [
      "the name of a file in another archive",
      {},
      {
        parts: [
          [7, "/x", 400, 2],
          [0, "", 0, 1],
        ],
      },
      {},
    ],
    [
      "each byte of another archive once",
      {},
      {
        parts: [
          [7, "postgres/9.dat.zst", 400, 1],
          [7, "postgres/9.dat.zst", 410, 1],
          [0, "", 0, 1],
        ],
      },
      {},
    ],
  ];
  it.each(bad)("expected %s", async (message, ofHeader, ofTable, ofBlob) => {
    const lines = [{ ...header, ...ofHeader }, { ...table, ...ofTable }, { ...blob, ...ofBlob }, end];
    const error = await errorOf(() => parse(lines));
    expect(error).toBeInstanceOf(DamagedError);
    expect(error.message).toContain(message);
  });
});
