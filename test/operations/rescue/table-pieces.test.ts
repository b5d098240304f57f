import fc from "fast-check";
import { crc32 } from "node:zlib";
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type Codec, compressBlock } from "../../../src/archive/codec.ts";
import type { DamagedArchive, DamagedEntry } from "../../../src/archive/rescue/damaged-archive.ts";
import type { DamagedMember } from "../../../src/operations/rescue/damaged-contents.ts";
import { tablePieces } from "../../../src/operations/rescue/table-pieces.ts";
import type { TablePiece } from "../../../src/postgres/rescue/table-piece.ts";

const name = "postgres/7.dat";

/** A table of several frames, its rows, and an archive that holds nothing else. */
interface Sample {
  rows: string[];
  stored: Buffer;
  member: DamagedMember;
  crc: number;
  frames: [number, number, number][];
}

async function sample(codec: Codec, perFrame: readonly number[], isListed: boolean): Promise<Sample> {
  const rows: string[] = [];
  const frames: [number, number, number][] = [];
  const parts: Buffer[] = [];
  for (const count of [...perFrame, 0]) {
    const own = Array.from({ length: count }, (_, index) => `${rows.length + index + 1}\trow ${index} of ${count}`);
    const text = count === 0 ? "\\.\n\n\n" : own.map((row) => `${row}\n`).join("");
    const stored = await compressBlock(codec, undefined, Buffer.from(text));
    rows.push(...own);
    parts.push(Buffer.from(stored));
    frames.push([stored.length, text.length, count]);
  }
  const stored = Buffer.concat(parts);
  const plainBytes = frames.reduce((sum, frame) => sum + frame[1], 0);
  const sha256 = createHash("sha256").update(stored).digest("hex");
  const sizes = { storedBytes: stored.length, contentBytes: stored.length, plainBytes };
  const listed = { type: "entry", name, ...sizes, sha256, codec, rows: rows.length, frames } as const;
  return {
    rows,
    stored,
    frames,
    member: { name, codec, listed: isListed ? listed : undefined },
    crc: crc32(stored),
  };
}

function archiveOf({ stored, crc }: Sample, isCut: boolean): DamagedArchive {
  const sizes = { storedBytes: stored.length, contentBytes: stored.length };
  const entry: DamagedEntry = { name, method: "stored", ...sizes, crcs: [crc], isCut };
  return {
    label: "a.ngwbackup",
    manifestDigest: undefined,
    entries: new Map([[name, entry]]),
    damages: [],
    cutAtBytes: undefined,
    readStored: (_name, offset, length) => Promise.resolve(Buffer.from(stored.subarray(offset, offset + length))),
    async *content() {
      for (let at = 0; at < stored.length; at += 50) yield stored.subarray(at, at + 50);
    },
    async close() {},
  };
}

async function piecesOf(given: Sample, isCut = false): Promise<TablePiece[]> {
  const found: TablePiece[] = [];
  for await (const piece of tablePieces(archiveOf(given, isCut), given.member)) found.push(piece);
  return found;
}

/** Every row is there as it was, under its number, or within a range that is lost; `undefined` rows reach as far as nobody knows. */
function check(rows: readonly string[], pieces: readonly TablePiece[], isListed: boolean): void {
  const there = new Set<number>();
  let isExact = true;
  for (const piece of pieces) {
    if (piece.kind === "lost") {
      if (piece.rows === undefined) isExact = false;
      for (let row = piece.firstRow; row < piece.firstRow + (piece.rows ?? 0); row += 1) there.add(row);
      continue;
    }
    const lines = piece.text.toString().split("\n").slice(0, -1);
    expect(lines).toHaveLength(piece.rows);
    for (const [index, line] of lines.entries()) {
      if (!piece.isProven) continue;
      expect(rows).toContain(line);
      if (isExact) expect(line).toBe(rows[piece.firstRow + index - 1]);
      there.add(Number(line.split("\t")[0]));
    }
  }
  if (isListed) expect(isExact).toBe(true);
  if (isExact && pieces.every((piece) => piece.kind === "lost" || piece.isProven)) expect(there.size).toBe(rows.length);
}

const counts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 });

describe.each(["zstd", "gzip"] as const)("tables of %s frames", (codec) => {
  test.each([true, false])(
    "flipped, cut or shifted (listed in a manifest: %s): rows are there, or named",
    async (isListed) => {
      await fc.assert(
        fc.asyncProperty(
          counts,
          fc.nat(),
          fc.nat(7),
          fc.constantFrom("flip", "cut", "insert"),
          async (per, place, bit, way) => {
            const given = await sample(codec, per, isListed);
            const at = place % given.stored.length;
            if (way === "flip") given.stored[at]! ^= 1 << bit;
            else if (way === "cut") given.stored = given.stored.subarray(0, at);
            else
              given.stored = Buffer.concat([
                given.stored.subarray(0, at),
                Buffer.from("junk"),
                given.stored.subarray(at),
              ]);
            const pieces = await piecesOf(given, way === "cut");
            check(given.rows, pieces, isListed);
            const lost = pieces.filter((piece) => piece.kind === "lost");
            // One frame is hit; all others are there.
            if (way !== "cut" && isListed) {
              const most = Math.max(...per);
              expect(lost.reduce((sum, piece) => sum + (piece.rows ?? 0), 0)).toBeLessThanOrEqual(most);
            }
          },
        ),
        { numRuns: 200 },
      );
    },
  );

  test("a sound one is whole and proven", async () => {
    for (const isListed of [true, false]) {
      const given = await sample(codec, [3, 1, 5], isListed);
      const pieces = await piecesOf(given);
      expect(pieces.every((piece) => piece.kind === "rows" && piece.isProven)).toBe(true);
      check(given.rows, pieces, true);
    }
  });

  test("the range of a damaged frame is named", async () => {
    const given = await sample(codec, [3, 4, 5], true);
    given.stored[given.frames[0]![0] + 20]! ^= 1;
    const lost = (await piecesOf(given)).filter((piece) => piece.kind === "lost");
    expect(lost).toEqual([
      { kind: "lost", firstRow: 4, rows: 4, reason: expect.stringContaining("frame 2") as string },
    ]);
  });
});

describe("tables of text without a checksum", () => {
  test("a flipped one comes whole and unproven, a cut one as far as it goes", async () => {
    const given = await sample("none", [5, 6], false);
    given.stored[20]! ^= 1;
    const [piece, ...others] = await piecesOf(given);
    expect(others).toEqual([]);
    expect(piece).toMatchObject({ kind: "rows", rows: 11, isProven: false });
    const cut = await sample("none", [5, 6], false);
    cut.stored = cut.stored.subarray(0, cut.frames[0]![0] + 8);
    expect(await piecesOf(cut, true)).toMatchObject([
      { kind: "rows", rows: 5, isProven: false },
      { kind: "lost", firstRow: 6, rows: undefined },
    ]);
  });

  test("an entry that is not there is lost whole", async () => {
    const given = await sample("none", [5], true);
    const archive = { ...archiveOf(given, false), entries: new Map() };
    const pieces: TablePiece[] = [];
    for await (const piece of tablePieces(archive, given.member)) pieces.push(piece);
    expect(pieces).toMatchObject([{ kind: "lost", firstRow: 1, rows: 5 }]);
  });
});
