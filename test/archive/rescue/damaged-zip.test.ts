import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { DamagedArchive } from "../../../src/archive/rescue/damaged-archive.ts";
import { openDamagedZip } from "../../../src/archive/rescue/damaged-zip.ts";
import { openZipArchive } from "../../../src/archive/zip-reader.ts";
import { createZipWriter } from "../../../src/archive/zip-writer.ts";
import type { ByteSource } from "../../../src/bytes.ts";
import { AppError } from "../../../src/errors.ts";
import { createMemorySink, createMemorySource } from "../../fixtures/memory-bytes.ts";
import { mustSucceed } from "../../fixtures/python.ts";
import { modifiedAt, smallArchive } from "../../fixtures/small-archive.ts";

/** An archive with streamed and known entries, stored and deflated, and with another archive as a blob in it. */
async function sample(): Promise<{ bytes: Buffer; contents: Map<string, Buffer> }> {
  const sink = createMemorySink();
  const writer = createZipWriter(sink, { modifiedAt });
  const inner = await smallArchive();
  const contents = new Map<string, Buffer>([
    ["postgres/toc.dat", Buffer.from("PGDMP of the outer one")],
    ["postgres/12.dat.zst", randomBytes(700)],
    ["component/file_storage/00000001", inner],
    ["component/file_storage/00000002", Buffer.alloc(2000, "compresses well ")],
    ["component/file_storage/00000003", Buffer.concat([inner, randomBytes(30)])],
    ["component/file_storage/$index", Buffer.alloc(900, "a line of it ")],
  ]);
  await writer.addDirectory("postgres/");
  for (const [name, content] of contents) {
    if (/toc|1$|2$/.test(name)) await writer.addEntry(name, content, { deflate: name.endsWith("2") });
    else {
      const entry = await writer.openEntry(name, { deflate: name.endsWith("index") });
      await entry.write(content);
      await entry.close();
    }
  }
  await writer.finish(`ngwbackup manifest sha256=${"ab".repeat(32)}`);
  return { bytes: sink.bytes(), contents };
}

async function read(archive: DamagedArchive, name: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of archive.content(name)) chunks.push(chunk);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
  return Buffer.concat(chunks);
}

async function lostOf(bytes: Buffer, contents: ReadonlyMap<string, Buffer>): Promise<string[]> {
  const archive = await openDamagedZip(createMemorySource(bytes));
  const lost: string[] = [];
  for (const [name, content] of contents)
    if (!archive.entries.has(name) || !(await read(archive, name)).equals(content)) lost.push(name);
  return lost;
}

describe("a damaged ZIP", () => {
  test("a sound one is read as it is", async () => {
    const { bytes, contents } = await sample();
    const archive = await openDamagedZip(createMemorySource(bytes));
    expect(archive.damages).toEqual([]);
    expect(archive.cutAtBytes).toBeUndefined();
    expect(archive.manifestDigest).toBe("ab".repeat(32));
    expect([...archive.entries.keys()].toSorted()).toEqual([...contents.keys()].toSorted());
    expect(await lostOf(bytes, contents)).toEqual([]);
  });

  test("a bit that flips anywhere costs at most the entry that it is in", async () => {
    const { bytes, contents } = await sample();
    const reader = await openZipArchive(createMemorySource(bytes));
    const starts = [...reader.entries.values()].map((entry) => ({
      name: entry.name,
      offset: "localOffsetBytes" in entry ? Number(entry.localOffsetBytes) : 0,
    }));
    // Every byte of headers, some of data.
    for (let at = 0; at < bytes.length; at += at > 240 && at < 850 ? 7 : 1) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 1 << (at % 8);
      const own = starts.findLast(({ offset }) => offset <= at)?.name;
      const directory = at >= (reader.zipFile?.directoryOffsetBytes ?? bytes.indexOf("PK\x01\x02", 0, "latin1"));
      const lost = await lostOf(damaged, contents);
      expect({ at, lost: lost.filter((name) => name !== own) }).toEqual({ at, lost: [] });
      if (directory && lost.length > 0 && own !== lost[0]) expect({ at, lost }).toEqual({ at, lost: [] });
    }
  });

  test("without its central directory everything is found, a nested archive inside its blob alone", async () => {
    const { bytes, contents } = await sample();
    const end = bytes.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
    const directory = bytes.readUInt32LE(end + 16);
    for (const cut of [directory, directory + 2, directory + 60, end]) {
      const archive = await openDamagedZip(createMemorySource(bytes.subarray(0, cut)));
      expect([...archive.entries.keys()].toSorted()).toEqual([...contents.keys()].toSorted());
      expect(await lostOf(bytes.subarray(0, cut), contents)).toEqual([]);
      expect(archive.cutAtBytes).toBe(cut <= directory + 2 ? cut : undefined);
    }
  });

  test("a cut costs what stood behind it, and the entry that it is in is there as far as it goes", async () => {
    const { bytes, contents } = await sample();
    const whole = [...contents.keys()];
    for (let cut = 0; cut < bytes.length; cut += 97) {
      const archive = await openDamagedZip(createMemorySource(bytes.subarray(0, cut)));
      const lost = await lostOf(bytes.subarray(0, cut), contents);
      expect(lost).toEqual(whole.slice(whole.length - lost.length));
      for (const entry of archive.entries.values()) {
        const content = contents.get(entry.name);
        if (!entry.isCut || entry.method === "deflate" || content === undefined) continue;
        const part = await read(archive, entry.name);
        expect(content.subarray(0, part.length).equals(part)).toBe(true);
      }
    }
  });

  test("bytes put before, between, behind: everything that they are not in is found", async () => {
    const { bytes, contents } = await sample();
    // Within a streamed archive within the archive, nothing tells whose the next record is.
    const nested = bytes.indexOf("component/file_storage/00000003");
    const directory = bytes.readUInt32LE(bytes.lastIndexOf(Buffer.from("PK\x05\x06", "latin1")) + 16);
    const index = bytes.lastIndexOf("component/file_storage/$index", directory) - 30;
    for (let at = 0; at <= bytes.length; at += 53) {
      if (at > nested && at < index) continue;
      const damaged = Buffer.concat([bytes.subarray(0, at), Buffer.from("some junk"), bytes.subarray(at)]);
      expect((await lostOf(damaged, contents)).length).toBeLessThanOrEqual(1);
    }
  });

  test("streamed entries with descriptors of 16 bytes, as Python writes them to a pipe, empty ones among them", async () => {
    const program = `
import sys, zipfile
with zipfile.ZipFile(sys.stdout.buffer, "w") as archive:
    for number, content in enumerate([b"", b"one", b"", b"", b"two" * 1000], 1):
        archive.writestr("component/file_storage/%08d" % number, content)
`;
    const bytes = await mustSucceed("python3", ["-c", program]);
    const directory = bytes.readUInt32LE(bytes.length - 6);
    const archive = await openDamagedZip(createMemorySource(bytes.subarray(0, directory)));
    expect([...archive.entries.values()].map(({ storedBytes }) => storedBytes)).toEqual([0, 3, 0, 0, 3000]);
    expect(archive.cutAtBytes).toBe(directory);
  });

  test("sectors that cannot be read are zeros, and named", async () => {
    const { bytes, contents } = await sample();
    const memory = createMemorySource(bytes);
    const source: ByteSource = {
      ...memory,
      async read(offsetBytes, lengthBytes) {
        if (offsetBytes < 400 && offsetBytes + lengthBytes > 300)
          throw new AppError("read-failed", "input/output error");
        return await memory.read(offsetBytes, lengthBytes);
      },
    };
    const archive = await openDamagedZip(source);
    expect(archive.damages.map(({ what }) => what)).toContain("unreadable");
    expect(
      (await read(archive, "component/file_storage/$index")).equals(contents.get("component/file_storage/$index")!),
    ).toBe(true);
  });

  test("what is no ZIP has no entries", async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from("PK"), randomBytes(5000)])
      expect((await openDamagedZip(createMemorySource(bytes))).entries.size).toBe(0);
  });
});
