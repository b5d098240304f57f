import { crc32, constants, deflateRawSync, zstdCompressSync } from "node:zlib";
import { encodeToc } from "../../../src/postgres/toc-encode.ts";
import { decodeToc } from "../../../src/postgres/toc-decode.ts";
import { type RawEntry, rawZip } from "../../fixtures/raw-zip.ts";
import { withZip64End } from "../fuzz/archive-targets.ts";
import { type Parts, manifestText, put, seal, tocOf } from "./forge.ts";
import type { HostileCase } from "./hostile-case.ts";
import { tocOfMany, writeManyEntries } from "./many-entries.ts";

const mebibyte = 1024 * 1024;
/** What verify may take whatever an archive says; a large, honest one takes some 350 MB. */
const mostMb = 1000;

/** A deflate stream of the same bytes over and over, without compressing all of them. @param unit is repeated 16 MiB at a time */
function deflateBomb(
  unit: Buffer,
  times: number,
): Pick<RawEntry, "method" | "stored" | "storedBytes" | "contentBytes" | "crc"> {
  const piece = deflateRawSync(unit, { finishFlush: constants.Z_FULL_FLUSH });
  const stored = Buffer.concat([...Array.from({ length: times }, () => piece), deflateRawSync(Buffer.alloc(0))]);
  let crc = 0;
  for (let turn = 0; turn < times; turn += 1) crc = crc32(unit, crc);
  return { method: 8, stored, storedBytes: stored.length, contentBytes: unit.length * times, crc };
}

/** An archive without manifest whose table of contents is some entry. */
const withRawToc = ({ entries }: Parts, toc: Omit<RawEntry, "name">): Buffer =>
  rawZip([
    { name: "postgres/toc.dat", ...toc },
    ...[...entries].filter(([name]) => name !== "postgres/toc.dat").map(([name, content]) => ({ name, content })),
  ]);

/** Zstd frame of so many blocks that each repeat a byte 128 KiB long (RFC 8878, 3.1.1.2). @param blocks of 4 bytes in the frame */
export function zstdBomb(blocks: number): Buffer {
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58]);
  const body = Buffer.alloc(blocks * 4);
  for (let block = 0; block < blocks; block += 1) {
    body.writeUIntLE((131_072 << 3) | 2 | (block === blocks - 1 ? 1 : 0), block * 4, 3);
    body[block * 4 + 3] = 0x78;
  }
  return Buffer.concat([header, body]);
}

const firstName = (parts: Parts, pattern: RegExp): string =>
  [...parts.entries.keys()].find((name) => pattern.test(name))!;

/** Archives that are small and want to be large. Each is verified by a process whose memory is measured. */
export const bombCases: readonly HostileCase[] = [
  {
    name: "entries that share their data",
    says: /entries overlap/,
    mostMb,
    build(parts) {
      const bomb = deflateBomb(Buffer.alloc(16 * mebibyte), 64);
      // One kernel of data, which thousands of names claim, each with a local header of another's.
      const shared: RawEntry[] = Array.from({ length: 2000 }, (_, index) => ({
        ...bomb,
        name: `more/${String(index).padStart(8, "0")}`,
        ...(index === 0 ? {} : { stored: Buffer.alloc(0), offset: 0 }),
      }));
      return rawZip([...shared, ...[...parts.entries].map(([name, content]) => ({ name, content }))]);
    },
  },
  {
    name: "TOC that unpacks to 1 GiB",
    says: /entry is too large/,
    mostMb,
    build: (parts) => withRawToc(parts, deflateBomb(Buffer.alloc(16 * mebibyte), 64)),
  },
  {
    name: "TOC that unpacks to 512 MiB of zeros",
    mostMb,
    build: (parts) => withRawToc(parts, deflateBomb(Buffer.alloc(16 * mebibyte), 32)),
  },
  {
    name: "TOC with a text of 200 MB that is no UTF-8",
    exitCodes: [0, 5],
    mostMb: 2000,
    build(parts) {
      const toc = decodeToc(tocOf(parts));
      toc.databaseName = "@@";
      const bytes = encodeToc(toc);
      const at = bytes.indexOf("@@");
      const text = Buffer.alloc(200 * mebibyte, 0xff);
      bytes.writeUInt32LE(text.length, at - 4);
      const content = Buffer.concat([bytes.subarray(0, at), text, bytes.subarray(at + 2)]);
      const stored = deflateRawSync(content);
      return withRawToc(parts, {
        method: 8,
        stored,
        storedBytes: stored.length,
        contentBytes: content.length,
        crc: crc32(content),
      });
    },
  },
  {
    name: "TOC with 6 million entries",
    mostMb,
    build: (parts) => withRawToc(parts, deflatedContent(tocOfMany(parts, 6_000_000))),
  },
  {
    name: "TOC with 1.9 million entries",
    exitCodes: [0, 5],
    mostMb: 3000,
    build: (parts) => withRawToc(parts, deflatedContent(tocOfMany(parts, 1_900_000))),
  },
  {
    name: "manifest that unpacks to 2 GiB",
    says: /manifest is too large|bytes in a line/,
    mostMb,
    build: (parts) =>
      rawZip(
        [
          ...[...parts.entries].map(([name, content]) => ({ name, content })),
          { name: "manifest.jsonl", ...deflateBomb(Buffer.alloc(16 * mebibyte, " "), 128) },
        ],
        `ngwbackup manifest sha256=${"0".repeat(64)}`,
      ),
  },
  {
    name: "manifest with 7 million frames of nothing",
    mostMb: 1500,
    build(parts) {
      const name = firstName(parts, /^postgres\/\d+\.dat\.zst$/);
      const line = parts.lines.find((one) => one["name"] === name)!;
      const [frame] = line["frames"] as unknown[];
      line["frames"] = ["@"];
      const text = manifestText(parts);
      const at = text.indexOf('"@"');
      return seal(parts, text.slice(0, at) + "[0,0,0],".repeat(7_000_000) + JSON.stringify(frame) + text.slice(at + 3));
    },
  },
  {
    name: "blob of 2 GiB out of 64 KiB of zstd",
    exitCodes: [0, 5],
    mostMb,
    build(parts) {
      const name = firstName(parts, /^component\/file_storage\/\d+\.zst$/);
      put(parts, name, zstdBomb(16_384), 16_384 * 131_072);
      return seal(parts);
    },
  },
  {
    name: "frame of a table of 2 GB out of 64 KiB of zstd",
    exitCodes: [5],
    mostMb,
    build(parts) {
      const name = firstName(parts, /^postgres\/\d+\.dat\.zst$/);
      put(parts, name, zstdBomb(16_383), 16_383 * 131_072);
      return seal(parts);
    },
  },
  {
    name: "table of a TB out of 32 MiB of zstd that is listed as small",
    exitCodes: [5],
    mostMb,
    build(parts) {
      const name = firstName(parts, /^postgres\/\d+\.dat\.zst$/);
      put(parts, name, zstdBomb(8_000_000), 1000);
      return seal(parts);
    },
  },
  {
    name: "blob of a TB out of 32 MiB of zstd that is listed as small",
    exitCodes: [5],
    mostMb,
    build(parts) {
      const name = firstName(parts, /^component\/file_storage\/\d+\.zst$/);
      put(parts, name, zstdBomb(8_000_000), 1000);
      return seal(parts);
    },
  },
  {
    name: "window of 128 MiB",
    exitCodes: [0, 5],
    mostMb,
    build(parts) {
      const name = firstName(parts, /^component\/file_storage\/\d+\.zst$/);
      const plain = Buffer.alloc(1000, "x");
      const frame = zstdCompressSync(plain, {
        params: { [constants.ZSTD_c_contentSizeFlag]: 0, [constants.ZSTD_c_windowLog]: 27 },
      });
      put(parts, name, frame, plain.length);
      return seal(parts);
    },
  },
  {
    name: "ten million entries that are not there",
    mostMb,
    build: ({ entries }) => {
      const zip = rawZip([...entries].map(([name, content]) => ({ name, content })));
      return withZip64End(zip, 10_000_000);
    },
  },
  ...[1_000_000, 10_000_000].map((count): HostileCase => ({
    name: `${count} entries that are there`,
    exitCodes: [5],
    mostMb: 4000,
    async build({ entries }, path) {
      await writeManyEntries(path, count, entries.get("postgres/toc.dat")!);
      return undefined;
    },
  })),
];

function deflatedContent(content: Buffer): Omit<RawEntry, "name"> {
  const stored = deflateRawSync(content, { level: 1 });
  return { method: 8, stored, storedBytes: stored.length, contentBytes: content.length, crc: crc32(content) };
}
