import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { describeDamage } from "../../src/archive/damage.ts";
import { checkZipStructure } from "../../src/archive/zip-check.ts";
import { encodeZipEnd } from "../../src/archive/zip-end-encode.ts";
import { readZipEnd } from "../../src/archive/zip-end-records.ts";
import { openZipArchive } from "../../src/archive/zip-reader.ts";
import { createZipWriter } from "../../src/archive/zip-writer.ts";
import { DamagedError } from "../../src/errors.ts";
import { readManifest } from "../../src/archive/manifest.ts";
import { createMemorySink, createMemorySource } from "../fixtures/memory-bytes.ts";
import { runPython } from "../fixtures/python.ts";
import { type RawEntry, encodeRawEnd as endRecord, rawZip } from "../fixtures/raw-zip.ts";
import { modifiedAt, smallArchive } from "../fixtures/small-archive.ts";
import { collect, errorOf } from "../fixtures/streams.ts";

/** Opens, checks and reads all; returns every message, none for a sound archive. Anything but DamagedError is thrown. */
async function problemsOf(bytes: Buffer): Promise<string[]> {
  const source = createMemorySource(bytes);
  const problems = (await checkZipStructure(source)).map(describeDamage);
  try {
    const reader = await openZipArchive(source);
    for (const name of reader.entries.keys()) await collect(reader.read(name));
    await readManifest(reader);
  } catch (error) {
    if (!(error instanceof DamagedError)) throw error;
    problems.push(error.message);
  }
  return problems;
}

const patch = (bytes: Buffer, at: number, value: number, length: 1 | 2 | 4): Buffer => {
  const copy = Buffer.from(bytes);
  copy.writeUIntLE(value, at, length);
  return copy;
};

const zip64Bomb = (): Buffer => {
  // An end record that claims 2^60 entries and a directory of 2^60 bytes.
  const record = Buffer.alloc(56);
  record.write("PK\u0006\u0006", "latin1");
  record.writeBigUInt64LE(44n, 4);
  record.writeBigUInt64LE(2n ** 50n, 24);
  record.writeBigUInt64LE(2n ** 50n, 32);
  record.writeBigUInt64LE(2n ** 50n, 40);
  record.writeBigUInt64LE(0n, 48);
  const locator = Buffer.alloc(20);
  locator.write("PK\u0006\u0007", "latin1");
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([record, locator, endRecord(0xffff, 0xffffffff, 0xffffffff, "")]);
};

const withMode = (name: string, mode: number): RawEntry => ({ name, externalAttributes: mode * 0x1_00_00 });
/** Content, and what claims it as well with a local header alone. */
const kernel: RawEntry = { name: "0", content: "x".repeat(100) };
const claim: Partial<RawEntry> = { stored: Buffer.alloc(0), storedBytes: 100, offset: 0 };
const deflated = deflateRawSync(Buffer.alloc(100_000));
const innerEnd = endRecord(0, 0, 0, "").toString("latin1");

const broken: [message: string, archive: () => Buffer][] = [
  ["not an archive: expected a ZIP", () => Buffer.alloc(0)],
  ["not an archive: expected a ZIP", () => Buffer.from("#!/bin/sh\necho no archive\n")],
  [
    "truncated at offset 98: expected a ZIP that ends with",
    () => rawZip([{ name: "a", content: "x" }]).subarray(0, -3),
  ],
  ["bytes after the end of the archive at offset", () => Buffer.concat([rawZip([{ name: "a" }]), Buffer.from("more")])],
  ["truncated inside the archive comment", () => rawZip([{ name: "a" }], "a comment").subarray(0, -4)],
  [
    "central directory is not where the end record says",
    () => Buffer.concat([Buffer.from("prefix"), rawZip([{ name: "a" }])]),
  ],
  ["two records end the archive", () => rawZip([{ name: "a" }], `x${innerEnd}`)],
  ["an archive of several disks", () => patch(rawZip([{ name: "a" }]), rawZip([{ name: "a" }]).length - 18, 1, 2)],
  [
    "wrong number of entries in the central directory",
    () => {
      const bytes = rawZip([{ name: "a" }, { name: "b" }]);
      return patch(patch(bytes, bytes.length - 14, 3, 2), bytes.length - 12, 3, 2);
    },
  ],
  ["broken central directory", () => patch(rawZip([{ name: "a" }]), 31, 0, 1)],
  ["so an end at 1125899906842624", zip64Bomb],
  ["duplicate entry", () => rawZip([{ name: "a" }, { name: "a" }])],
  ["duplicate entry", () => rawZip([{ name: "Straße" }, { name: "STRASSE" }])],
  ["duplicate entry", () => rawZip([{ name: "caf\u00e9" }, { name: "cafe\u0301" }])],
  ["duplicate entry", () => rawZip([{ name: "a/B" }, { name: "a/b" }])],
  ["duplicate entry", () => rawZip([{ name: "a" }, { name: "a/" }])],
  ["duplicate entry", () => rawZip([{ name: "./" }, { name: "./" }])],
  ["found a part .. in the name", () => rawZip([{ name: "component/../../etc/passwd" }])],
  ["found a part . in the name", () => rawZip([{ name: "./a" }])],
  ["found an absolute name", () => rawZip([{ name: "/etc/passwd" }])],
  ["found a backslash in the name", () => rawZip([{ name: "a\\b" }])],
  ["found a control character in the name", () => rawZip([{ name: "a\u0000b" }])],
  ["found a control character in the name", () => rawZip([{ name: "a\u009bb" }])],
  ["found a control character in the name", () => rawZip([{ name: "a\u2028b" }])],
  ...["\u202e", "\u2066", "\u200f", "\u061c"].map((turning): [string, () => Buffer] => [
    "found a character that turns the direction of writing in the name",
    () => rawZip([{ name: `a${turning}gpj.exe` }]),
  ]),
  ["found a drive letter in the name", () => rawZip([{ name: "C:evil" }])],
  ["found an empty part in the name", () => rawZip([{ name: "a//b" }])],
  ["found an empty name", () => rawZip([{ name: "" }])],
  ["found a name longer than 4096 bytes", () => rawZip([{ name: "a".repeat(5000) }])],
  ["expected a name in UTF-8, and marked so, found another encoding", () => rawZip([{ name: "ö", flags: 0 }])],
  [
    "expected a name in UTF-8, and marked so, found another encoding",
    () => rawZip([{ name: Buffer.from([0x61, 0xff]) }]),
  ],
  ["expected no encryption", () => rawZip([{ name: "a", flags: 0x801 }])],
  ["expected plain data, found patched data", () => rawZip([{ name: "a", flags: 0x820 }])],
  ["expected method 0 (stored) or 8 (deflate), found method 93", () => rawZip([{ name: "a", method: 93 }])],
  ["expected disk 0, found another disk", () => rawZip([{ name: "a", disk: 1 }])],
  ["expected a file, by its attributes, found a symbolic link", () => rawZip([withMode("a", 0o120777)])],
  ["expected a file, by its attributes, found a folder", () => rawZip([withMode("a", 0o040700)])],
  ["expected a folder, by its attributes, found a file", () => rawZip([withMode("a/", 0o100600)])],
  ["expected a file, by its attributes, found a file of type 7", () => rawZip([withMode("a", 0o070000)])],
  [
    "expected entries that take at most the 379 bytes before the central directory, found 393 bytes up to this one",
    () =>
      rawZip(
        Array.from({ length: 9 }, (_, index) => (index === 0 ? kernel : { ...kernel, ...claim, name: `${index}` })),
      ),
  ],
  ["expected a directory without content, found 1 bytes", () => rawZip([{ name: "a/", content: "x" }])],
  ["expected equal sizes, as it is stored", () => rawZip([{ name: "a", content: "xy", contentBytes: 1 }])],
  ["expected at most", () => rawZip([{ name: "a", method: 8, stored: deflated, contentBytes: 2 ** 31 }])],
  [
    "expected data that ends before",
    () => rawZip([{ name: "a", content: "x", storedBytes: 2 ** 31, contentBytes: 2 ** 31 }]),
  ],
  ["expected well-formed extra fields, found no ZIP64 field", () => rawZip([{ name: "a", storedBytes: 2 ** 32 - 1 }])],
  ["found a field that reaches 10 bytes too far", () => rawZip([{ name: "a", extra: Buffer.from([1, 0, 10, 0]) }])],
  ["found 2 stray bytes", () => rawZip([{ name: "a", extra: Buffer.from([1, 0]) }])],
  ["local header of another name", () => rawZip([{ name: "good", localName: "evil" }])],
  ["local header of another length", () => rawZip([{ name: "good", localName: "longer" }])],
  ["no local header", () => rawZip([{ name: "a", content: "x", offset: 3 }, { name: "b" }])],
  ["CRC-32 differs", () => rawZip([{ name: "a", content: "x", crc: 1 }])],
  [
    "content is larger than stated",
    () => rawZip([{ name: "a", method: 8, stored: deflateRawSync(Buffer.alloc(100_000)), contentBytes: 1000 }]),
  ],
  ["content is smaller than stated", () => rawZip([{ name: "a", method: 8, stored: deflated, contentBytes: 100_001 }])],
  ["deflated data are broken", () => rawZip([{ name: "a", method: 8, stored: Buffer.from("nonsense") }])],
  [
    "deflated data are broken",
    () => rawZip([{ name: "a", method: 8, stored: deflated.subarray(0, -1), contentBytes: 100_000 }]),
  ],
  [
    "deflated data end early",
    () =>
      rawZip([
        {
          name: "a",
          method: 8,
          content: "\0".repeat(100_000),
          stored: Buffer.concat([deflated, Buffer.from("hidden")]),
        },
      ]),
  ],
  ["wrong data descriptor", () => rawZip([{ name: "a", content: "x", flags: 0x808 }])],
];

describe("broken archives", () => {
  it.each(broken)("%s", async (message, archive) => {
    const problems = await problemsOf(archive());
    expect(problems.join("\n")).toContain(message);
  });

  it("deflate bombs stop at the stated size", async () => {
    // 100 MiB out of 100 kB; the directory says 1000 bytes.
    const stored = deflateRawSync(Buffer.alloc(100 * 1024 * 1024));
    const reader = await openZipArchive(
      createMemorySource(rawZip([{ name: "a", method: 8, stored, contentBytes: 1000 }])),
    );
    let bytes = 0;
    const error = await errorOf(async () => {
      for await (const chunk of reader.read("a")) bytes += chunk.length;
    });
    expect(error.message).toContain("content is larger than stated");
    expect(bytes).toBeLessThanOrEqual(1024);
  });

  it("overlapping entries are found", async () => {
    // Two names for one local header and its data, as a quoted-overlap bomb has them.
    const bytes = rawZip([
      { name: "aa", content: "x".repeat(100) },
      { name: "bb", content: "x".repeat(100), offset: 0 },
    ]);
    const messages = await problemsOf(bytes);
    expect(messages.join("\n")).toMatch(
      /local header overlaps aa at offset 0: expected the local header at 132, found at 0/,
    );
  });

  it("bytes between entries, and before the first, are found", async () => {
    const script = `
import sys, zipfile, io
out = io.BytesIO(); out.write(b"prefix")
with zipfile.ZipFile(out, "a") as z:
    z.writestr("a", "x"); out.seek(0, 2); z.fp.write(b"hidden"); z.start_dir += 6; z.writestr("b", "y")
sys.stdout.buffer.write(out.getvalue())`;
    const messages = (await problemsOf(await runPython(script))).join("\n");
    expect(messages).toMatch(/entry a: 6 bytes that belong to nothing before the first entry at offset 0/);
    expect(messages).toMatch(/entry b: 6 bytes that belong to nothing after entry a/);
  });

  it("all that is wrong is listed, not the first alone", async () => {
    const bytes = rawZip([
      { name: "good", localName: "evil", content: "1" },
      { name: "../x", content: "2" },
      { name: "also", localName: "nope", content: "3" },
    ]);
    const messages = (await checkZipStructure(createMemorySource(bytes))).map(describeDamage);
    expect(messages).toHaveLength(3);
    expect(messages.map((message) => message.split(":")[0])).toEqual(["entry ../x", "entry good", "entry also"]);
  });

  it("names in messages cannot deceive a terminal", async () => {
    const error = await errorOf(() => openZipArchive(createMemorySource(rawZip([{ name: "a\u001b[2Jb\u202e" }]))));
    expect(error.message).toContain("a\\u{1b}[2Jb\\u{202e}");
    expect(error.message).not.toMatch(/\p{C}/u);
  });

  it("more entries than names are limited by the file, not by what it claims", async () => {
    const bytes = rawZip([{ name: "a" }]);
    const lying = patch(patch(bytes, bytes.length - 14, 60_000, 2), bytes.length - 12, 60_000, 2);
    await expect(openZipArchive(createMemorySource(lying))).rejects.toThrow(
      "expected 60000, as the end record says, found 1",
    );
  });
});

describe("an archive of ours", () => {
  it("truncated anywhere is damaged", async () => {
    const bytes = await smallArchive();
    for (let length = 0; length < bytes.length; length++) {
      const problems = await problemsOf(bytes.subarray(0, length));
      expect(problems.length, `cut at ${length}`).toBeGreaterThan(0);
    }
  });

  it("with any byte put before, after or in between is damaged", async () => {
    const bytes = await smallArchive();
    for (let at = 0; at <= bytes.length; at += 7) {
      const longer = Buffer.concat([bytes.subarray(0, at), Buffer.from([0]), bytes.subarray(at)]);
      expect((await problemsOf(longer)).length, `inserted at ${at}`).toBeGreaterThan(0);
    }
    expect(await problemsOf(Buffer.concat([bytes, Buffer.from([0])]))).not.toEqual([]);
  });

  it("with any bit flipped is damaged", { timeout: 300_000 }, async () => {
    const bytes = await smallArchive();
    // Bits after the end of a deflate stream, in its last byte, mean nothing (RFC 1951, 3.2.3).
    const padding = new Set<number>();
    for (const signature of ["PK\u0003\u0004", "PK\u0007\u0008"]) {
      for (let at = bytes.indexOf(signature); at >= 0; at = bytes.indexOf(signature, at + 4)) padding.add(at - 1);
    }
    for (let at = 0; at < bytes.length; at++) {
      // One bit of each byte in turn: all eight positions come up many times.
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      const problems = await problemsOf(flipped);
      if (padding.has(at)) continue;
      expect(problems.length, `byte ${at} of ${bytes.length}`).toBeGreaterThan(0);
    }
  });

  it("with ZIP64 records is held to them byte for byte", async () => {
    const comment = `ngwbackup manifest sha256=${"0".repeat(64)}`;
    const end = { directoryOffsetBytes: 400, directoryBytes: 600, entryCount: 70_000 };
    // The directory itself is read by others.
    const headers = Buffer.alloc(1000);
    const bytes = Buffer.concat([headers, encodeZipEnd({ ...end, comment })]);
    const ends: unknown[] = [];
    const report = (): void => void ends.push("damage");
    expect(await readZipEnd(createMemorySource(bytes), report)).toMatchObject({ ...end, isOurs: true });
    expect(ends).toEqual([]);
    for (let at = headers.length; at < bytes.length - 64; at++) {
      for (let bit = 0; bit < 8; bit++) {
        ends.length = 0;
        bytes[at]! ^= 1 << bit;
        const found = await readZipEnd(createMemorySource(bytes), report);
        // An archive of ours without our comment is refused with its manifest.
        expect(ends.length > 0 || found?.isOurs === false, `bit ${bit} of byte ${at - headers.length}`).toBe(true);
        bytes[at]! ^= 1 << bit;
      }
    }
  });

  it("sound is sound", async () => {
    expect(await problemsOf(await smallArchive())).toEqual([]);
  });

  it("readAll and readRange keep to their limits", async () => {
    const sink = createMemorySink();
    const writer = createZipWriter(sink, { modifiedAt });
    await writer.addEntry("stored", Buffer.from("0123456789"));
    await writer.addEntry("deflated", Buffer.alloc(1000), { deflate: true });
    await writer.finish();
    const reader = await openZipArchive(createMemorySource(sink.bytes()));
    await expect(reader.readAll("stored", 9)).rejects.toThrow(
      "entry is too large: expected at most 9 bytes, found 10 bytes",
    );
    await expect(reader.readAll("none", 9)).rejects.toThrow("missing entry");
    await expect(reader.readRange("stored", 5, 6)).rejects.toThrow("range is not inside the entry");
    await expect(reader.readRange("stored", -1, 6)).rejects.toThrow("range is not inside the entry");
    await expect(reader.readRange("deflated", 0, 1)).rejects.toThrow("range is not inside the entry");
    expect((await reader.readRange("stored", 10, 0)).length).toBe(0);
    const aborted = AbortSignal.abort(new Error("stopped"));
    await expect(collect(reader.read("stored", { signal: aborted }))).rejects.toThrow("stopped");
  });
});
