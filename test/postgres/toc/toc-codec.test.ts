import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DamagedError } from "../../../src/errors.ts";
import { decodeToc, TocDecoder } from "../../../src/postgres/toc-decode.ts";
import { encodeToc } from "../../../src/postgres/toc-encode.ts";
import { encodeList } from "../../../src/postgres/toc-list.ts";
import { decodeText, encodeText } from "../../../src/postgres/toc-text.ts";
import type { Toc, TocEntry } from "../../../src/postgres/toc.ts";
import { testCluster } from "../../fixtures/postgres.ts";

const fixtures = new URL("../../fixtures/toc/", import.meta.url).pathname;
/** Of one database full of awkward things, by pg_dump of PostgreSQL 15, 16 and 18. */
const versions = ["1.14", "1.15", "1.16"];
const fixture = (version: string): Buffer => readFileSync(join(fixtures, `variety-${version}.dat`));

/** Texts as they can be read from a file: of any bytes but NUL. */
const noNul = fc
  .oneof(
    fc.string({ unit: "grapheme", maxLength: 40 }).map((value) => Buffer.from(value)),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  )
  .map((bytes) => decodeText(Buffer.from(bytes.filter((byte) => byte !== 0))));
const nullable = fc.option(noNul);
const oid = fc.nat(0xffffffff).map(String);
const int = fc.integer({ min: -0x7fffffff, max: 0x7fffffff });

const tocs: fc.Arbitrary<Toc> = fc
  .record({ minor: fc.integer({ min: 12, max: 16 }), offsetSize: fc.constantFrom(4, 8) })
  .chain(({ minor, offsetSize }) => {
    const entry: fc.Arbitrary<TocEntry> = fc.record({
      dumpId: fc.integer({ min: 1, max: 0x7fffffff }),
      hadDumper: fc.boolean(),
      catalogTableOid: oid,
      catalogOid: oid,
      tag: noNul,
      description: noNul,
      section: fc.integer({ min: 1, max: 4 }),
      definition: nullable,
      dropStatement: nullable,
      copyStatement: nullable,
      namespace: nullable,
      tablespace: nullable,
      tableAccessMethod: minor >= 14 ? nullable : fc.constant(null),
      owner: nullable,
      dependencies: fc.array(fc.integer({ min: 1, max: 0x7fffffff }), { maxLength: 5 }),
      fileName: fc.option(noNul.filter((name) => name !== "")),
      ...(minor >= 16 ? { relationKind: int } : {}),
    });
    return fc.record({
      version: fc.constant({ major: 1, minor, revision: 0 }),
      intSize: fc.constant(4),
      offsetSize: fc.constant(offsetSize),
      format: fc.constant(3),
      compression: minor >= 15 ? fc.integer({ min: 0, max: 3 }) : fc.integer({ min: -1, max: 9 }),
      createdAt: fc.record({ sec: int, min: int, hour: int, mday: int, mon: int, year: int, isdst: int }),
      databaseName: nullable,
      serverVersion: nullable,
      dumpVersion: nullable,
      entries: fc.uniqueArray(entry, { selector: ({ dumpId }) => dumpId, maxLength: 8 }),
    });
  });

/** Decodes in pieces of the given sizes, over and over. */
function decodeInPieces(bytes: Buffer, sizes: readonly number[]): { toc: Toc; surplusBytes: number } {
  const decoder = new TocDecoder("pieces");
  for (let offset = 0, turn = 0; offset < bytes.length; turn++) {
    const end = offset + sizes[turn % sizes.length]!;
    decoder.push(bytes.subarray(offset, end));
    offset = end;
  }
  return { toc: decoder.toc, surplusBytes: decoder.surplusBytes };
}

describe("table of contents", () => {
  it.each(versions)("of version %s is read and written byte for byte", (version) => {
    const bytes = fixture(version);
    const toc = decodeToc(bytes);
    expect(toc.version).toEqual({ major: 1, minor: Number(version.slice(2)), revision: 0 });
    expect(toc.entries.length).toBeGreaterThan(60);
    expect(encodeToc(toc).equals(bytes)).toBe(true);
    const data = toc.entries.find(({ tag, description }) => description === "TABLE DATA" && tag === "ta'b\nle;x");
    expect(data).toMatchObject({
      namespace: 'we"ird Schéma',
      copyStatement: 'COPY "we""ird Schéma"."ta\'b\nle;x" (id, "co""l\n2") FROM stdin;\n',
      hadDumper: true,
      fileName: `${data?.dumpId}.dat`,
      section: 3,
    });
  });

  it.each(versions)("of version %s gives the list that pg_restore --list gives", (version) => {
    const ours = encodeList(decodeToc(fixture(version)))
      .toString("utf8")
      .split("\n");
    const lines = ours.filter((line) => /^;?\d/.test(line)).map((line) => line.replace(/^;/, ""));
    expect(`${lines.join("\n")}\n`).toBe(readFileSync(join(fixtures, `variety-${version}.list`), "utf8"));
    const leftOut = ours.filter((line) => /^;\d/.test(line)).map((line) => line.replace(/^;\d+; \d+ \d+ /, ""));
    expect(leftOut).toEqual(["EXTENSION - hstore ", "COMMENT - EXTENSION hstore "]);
  });

  it("is read the same whole, in pieces, and byte by byte", () => {
    fc.assert(
      fc.property(tocs, fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 9 }), (toc, sizes) => {
        const bytes = encodeToc(toc);
        expect(decodeToc(bytes)).toEqual(toc);
        expect(decodeInPieces(bytes, sizes)).toEqual({ toc, surplusBytes: 0 });
        expect(decodeInPieces(bytes, [1])).toEqual({ toc, surplusBytes: 0 });
      }),
    );
  });

  it("of a custom-format dump ends before the data that follow", () => {
    const directory = decodeToc(fixture("1.14"));
    const custom = customBytes(directory);
    const data = Buffer.from("\x01data that is none of the table's");
    const whole = Buffer.concat([custom, data]);
    const expected = { ...directory, format: 1, entries: directory.entries.map((e) => ({ ...e, fileName: null })) };
    expect(decodeToc(whole)).toEqual(expected);
    const decoder = new TocDecoder("pipe");
    expect(decoder.push(custom.subarray(0, -1))).toBe(false);
    expect(decoder.push(whole.subarray(custom.length - 1))).toBe(true);
    expect(decoder.toc).toEqual(expected);
    expect(decoder.surplusBytes).toBe(data.length);
  });

  it("that is cut anywhere is damaged", () => {
    const bytes = fixture("1.16");
    for (let end = 0; end < bytes.length; end += end < 200 ? 1 : 97) {
      expect(() => decodeToc(bytes.subarray(0, end), "cut.dat")).toThrow(
        expect.objectContaining({
          exitCode: 5,
          message: expect.stringMatching(new RegExp(`^cut.dat: ends at byte ${end} `)),
        }),
      );
    }
  });

  it("that is changed anywhere never fails otherwise than as damaged", () => {
    const bytes = fixture("1.15");
    const change = fc.record({ at: fc.nat(bytes.length - 1), to: fc.uint8Array({ minLength: 1, maxLength: 5 }) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const changed = Buffer.from(bytes);
        for (const { at, to } of changes) changed.set(to.subarray(0, changed.length - at), at);
        try {
          decodeToc(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(DamagedError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["nothing at all", Buffer.alloc(0), "ends at byte 0 in the header"],
    [
      "another kind of file",
      Buffer.from("PK\x03\x04 and so on"),
      '"PK\\u0003\\u0004 " found, expected "PGDMP" at byte 0',
    ],
    ["a newer version", head({ minor: 17 }), "version 1.17, expected 1.12 to 1.16 at byte 5"],
    ["numbers of another size", head({ intSize: 8 }), "numbers of 8 bytes, expected 4 at byte 8"],
    ["an unknown format", head({ format: 9 }), "format 9, expected 1, 3, 5 at byte 10"],
    ["a text of 2 GiB", patched("databaseName", 0x7fffffff), "the length of the database name is 2147483647"],
    ["a number beyond 2^31", patched("databaseName", 0xfffffff0), "a number of 4294967280 is out of range at byte"],
    [
      "two thousand million entries",
      patched("entries", 0x7fffffff),
      "the number of entries is 2147483647, expected 0 to 2000000 at",
    ],
    ["bytes after the end", Buffer.concat([fixture("1.14"), Buffer.alloc(3)]), "3 bytes after its end at byte 15503"],
  ])("is damaged: %s", (_, bytes, message) => {
    expect(() => decodeToc(bytes)).toThrow(
      expect.objectContaining({ exitCode: 5, message: expect.stringContaining(message) }),
    );
  });

  it("with two entries of one id is damaged", () => {
    const toc = decodeToc(fixture("1.14"));
    const bytes = encodeToc({ ...toc, entries: [toc.entries[0]!, toc.entries[0]!] });
    expect(() => decodeToc(bytes)).toThrow(/a second entry \d+ ends at byte \d+/);
  });

  describe("read by pg_restore", () => {
    let folder: string;
    beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "ngwbackup-toc-"))));
    afterAll(() => rmSync(folder, { recursive: true }));

    it("gives the list that we give, and accepts our list", () => {
      const { binDir } = testCluster();
      const toc = decodeToc(fixture("1.14"));
      writeFileSync(join(folder, "toc.dat"), encodeToc(toc));
      const listPath = join(folder, "restore");
      writeFileSync(listPath, encodeList(toc));
      const list = (...args: string[]): string[] =>
        execFileSync(join(binDir, "pg_restore"), ["--list", ...args, folder], { encoding: "utf8" })
          .split("\n")
          .filter((line) => /^\d/.test(line));
      const lines = encodeList(toc).toString("utf8").split("\n");
      expect(list()).toEqual(lines.filter((line) => /^;?\d/.test(line)).map((line) => line.replace(/^;/, "")));
      expect(list("--use-list", listPath)).toEqual(lines.filter((line) => /^\d/.test(line)));
    });
  });
});

describe("texts of a table of contents", () => {
  it("keep bytes that are no UTF-8", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(encodeText(decodeText(Buffer.from(bytes))).equals(bytes)).toBe(true);
      }),
    );
    expect(decodeText(Buffer.from("h\u00e9 \ud83d\ude00"))).toBe("h\u00e9 \ud83d\ude00");
    expect(decodeText(Buffer.of(0x61, 0xe9, 0x62))).toBe("a\udce9b");
    expect(() => encodeText("\ud800")).toThrow(RangeError);
    // Joined one by one, so many took gigabytes.
    const many = Buffer.alloc(20_000_000, 0xff);
    expect(decodeText(many)).toBe("\udcff".repeat(many.length));
  });
});

/** What pg_dump -Fc writes into a pipe, for a table in directory format: each file name gives way to an unset offset. */
function customBytes(toc: Toc): Buffer {
  const one = (entries: TocEntry[]): Buffer => encodeToc({ ...toc, entries });
  const headBytes = Buffer.from(one([]));
  headBytes[10] = 1;
  const count = headBytes.length - 4;
  headBytes.writeUInt32LE(toc.entries.length, count);
  const parts = toc.entries.map((entry) => {
    const whole = one([{ ...entry, fileName: null }]).subarray(headBytes.length);
    return Buffer.concat([whole.subarray(0, -5), Buffer.of(1), Buffer.alloc(toc.offsetSize)]);
  });
  return Buffer.concat([headBytes, ...parts]);
}

function head({ minor = 14, intSize = 4, format = 3 }: { minor?: number; intSize?: number; format?: number }): Buffer {
  return Buffer.concat([Buffer.from("PGDMP"), Buffer.of(1, minor, 0, intSize, 8, format), Buffer.alloc(100)]);
}

/** A table without entries in which one number says something else. */
function patched(field: "databaseName" | "entries", value: number): Buffer {
  const toc = { ...decodeToc(fixture("1.14")), databaseName: "x", serverVersion: null, dumpVersion: null, entries: [] };
  const bytes = encodeToc(toc);
  // from the end: 5 bytes of count, twice 5 of null, "x", its length
  bytes.writeUInt32LE(value, field === "entries" ? bytes.length - 4 : bytes.length - 5 - 10 - 1 - 4);
  return bytes;
}
