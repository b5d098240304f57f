import { createHash, randomBytes } from "node:crypto";
import { existsSync, openSync, readdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BufferPool } from "../../../src/buffer-pool.ts";
import { type BlobRun, planRuns } from "../../../src/operations/backup/blob-runs.ts";
import { BlobCrew } from "../../../src/operations/backup/blob-threads/blob-crew.ts";
import { blockBytes } from "../../../src/operations/backup/block-size.ts";
import { runOrderedPieces } from "../../../src/operations/backup/ordered-pieces.ts";
import type { BlobFacts } from "../../../src/operations/backup/blob-facts.ts";
import { type BlobBlock, readRun } from "../../../src/operations/backup/read-blob.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";

let crew: BlobCrew;
beforeAll(() => {
  crew = new BlobCrew(2, false);
});
afterAll(() => crew.close());

/** A blob as a row says it is, and its file as it stands on disk: undefined for none. */
interface Case {
  rowBytes: number | null;
  content: Buffer | undefined;
}

/** Reads blobs the way a backup does, and tells what became of each, in order. */
async function read(cases: readonly Case[], how: "in place" | "links" | "held" = "in place") {
  const folder = await tempFolder();
  const paths = await Promise.all(
    cases.map(async ({ content }, index) => {
      const path = join(folder, String(index));
      if (content !== undefined) await writeFile(path, content);
      return path;
    }),
  );
  async function* records() {
    yield cases.map(({ rowBytes }, index) => ({ component: "test", uuid: `${index}`, sizeBytes: rowBytes }));
  }
  const found: { facts: BlobFacts; plain: Buffer }[] = [];
  let parts: Buffer[] = [];
  const buffers = new BufferPool(blockBytes);
  const plainOf = (facts: BlobFacts, stored: Uint8Array): Buffer =>
    facts.codec === "zstd" ? zstdDecompressSync(stored) : Buffer.from(stored);
  await runOrderedPieces<BlobRun, BlobBlock>({
    pieces: planRuns(records(), (_, index) =>
      how === "held"
        ? { fd: openSync(paths[index]!, "r") }
        : how === "links"
          ? { pin: paths[index]!, path: paths[index]! }
          : { path: paths[index]! },
    ),
    read: async (run, output, reader) =>
      await readRun(run, {
        crew,
        buffers,
        packing: { compression: "zstd", level: undefined },
        output,
        reread: false,
        reader,
      }),
    workers: crew.readers,
    limitBytes: 8 * blockBytes,
    async write(_run, blocks) {
      for await (const block of blocks) {
        if (block.kind === "whole")
          for (const { facts, stored } of block.blobs) found.push({ facts, plain: plainOf(facts, stored) });
        else if (block.kind === "block") {
          if (block.plainBytes > 0) parts.push(plainOf(block.facts, block.stored));
        } else {
          found.push({ facts: block.facts, plain: Buffer.concat(parts) });
          parts = [];
        }
      }
    },
  });
  return { found, paths };
}

const sound = (content: Buffer): Case => ({ rowBytes: content.length, content });

describe("blobs that are read by threads", () => {
  it("come in order, whole and digested, whatever their sizes", async () => {
    const sizes = [10, 0, 300_000, blockBytes, blockBytes + 1, 70, 5 * blockBytes + 17, 1_900_000, 500_000, 1];
    const cases = [...sizes, ...sizes].map((size, index) =>
      sound(index % 3 === 0 ? Buffer.alloc(size, "compressible ") : randomBytes(size)),
    );
    const { found } = await read(cases);
    expect(found).toHaveLength(cases.length);
    for (const [index, { facts, plain }] of found.entries()) {
      const content = cases[index]!.content!;
      expect(facts.planned.record.uuid).toBe(String(index));
      expect(plain.equals(content)).toBe(true);
      expect(facts.sha256).toBe(createHash("sha256").update(content).digest("hex"));
      expect(facts.loss).toBeUndefined();
    }
    expect(found.filter(({ facts }) => facts.codec === "zstd").length).toBeGreaterThan(3);
  });

  it("are named as losses when they are missing or of another size; the others are whole", async () => {
    const small = randomBytes(1000);
    const grown = randomBytes(3 * blockBytes);
    const { found, paths } = await read([
      sound(small),
      { rowBytes: 50, content: undefined },
      { rowBytes: 50, content: grown },
      { rowBytes: 2000, content: small },
      { rowBytes: null, content: small },
      { rowBytes: 5 * blockBytes, content: undefined },
      sound(small),
    ]);
    expect(found.map(({ facts }) => facts.loss?.kind)).toEqual([
      undefined,
      "missing",
      "size",
      "size",
      undefined,
      "missing",
      undefined,
    ]);
    expect(found[1]!.facts.sizeBytes).toBeUndefined();
    expect(found[2]!.plain.equals(grown)).toBe(true);
    for (const index of [0, 3, 4, 6]) expect(found[index]!.plain.equals(small)).toBe(true);
    expect(paths.every((path, index) => existsSync(path) === ![1, 5].includes(index))).toBe(true);
    const { found: odd } = await read([sound(small)].map((one) => ({ ...one, content: undefined })));
    expect(odd[0]!.facts.loss).toMatchObject({ kind: "missing", what: "test/0" });
  });

  it("take their pins with them", async () => {
    const { found, paths } = await read([sound(randomBytes(100)), sound(randomBytes(3 * blockBytes))], "links");
    expect(found).toHaveLength(2);
    expect(paths.map((path) => existsSync(path))).toEqual([false, false]);
  });

  it("are closed when they were held open, also those that are larger than their row says", async () => {
    const open = (): number => readdirSync("/proc/self/fd").length;
    const before = open();
    const contents = [randomBytes(100), randomBytes(3 * blockBytes), randomBytes(2 * blockBytes), randomBytes(50)];
    const { found } = await read(
      contents.map((content, index) => ({ rowBytes: index === 2 ? 100 : content.length, content })),
      "held",
    );
    expect(found.map(({ plain }, index) => plain.equals(contents[index]!))).toEqual([true, true, true, true]);
    expect(found[2]!.facts.loss?.kind).toBe("size");
    expect(open()).toBe(before);
  });
});
