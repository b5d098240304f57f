import { describe, expect, test } from "vitest";
import { BlockDigest, encodeDigests, newBlockDigestRule } from "../../../src/archive/block-digest.ts";
import type { ManifestEntry } from "../../../src/archive/manifest.ts";
import { FrameList } from "../../../src/operations/backup/base/frame-list.ts";
import { TableBlocks } from "../../../src/operations/backup/base/table-blocks.ts";

const digest = new BlockDigest(newBlockDigestRule());
const digestOf = (text: string): Buffer => digest.of(Buffer.from(text));
const texts = ["one\n", "two\n", "one\n", "end"];
const earlier: ManifestEntry = {
  type: "entry",
  name: "postgres/5.dat.zst",
  storedBytes: 100,
  contentBytes: 100,
  sha256: "of the whole",
  codec: "zstd",
  plainBytes: 15,
  rows: 3,
  frames: [
    [10, 4, 1],
    [20, 4, 1],
    [30, 4, 1],
    [40, 3, 0],
  ],
  digests: encodeDigests(texts.map(digestOf)),
};

/** What becomes of blocks, of which some stand in the earlier archive. */
function listOf(blocks: TableBlocks, found: readonly string[]): FrameList {
  const list = new FrameList();
  for (const text of found) {
    const rows = text === "end" ? 0 : 1;
    const place = blocks.take(digestOf(text), text.length, rows);
    if (place === undefined) list.addOwn(7, text.length, rows, digestOf(text));
    else list.addReferred(place, digestOf(text));
  }
  return list;
}

describe("frames of an entry", () => {
  test("that are all in one other refer to that as a whole", () => {
    const list = listOf(new TableBlocks(earlier, () => 3), texts);
    expect(list.describe("own")).toEqual({
      storedBytes: 100,
      contentBytes: 100,
      sha256: "of the whole",
      plainBytes: 15,
      frames: earlier.frames,
      digests: earlier.digests,
      from: { archive: 3, name: earlier.name },
    });
  });

  test("that are here and there are listed by neighbours, and each place is given once", () => {
    const list = listOf(new TableBlocks(earlier, () => 3), [
      "one\n",
      "two\n",
      "new\n",
      "new\n",
      "one\n",
      "one\n",
      "end",
    ]);
    expect(list.rows).toBe(6);
    expect(list.describe("own")).toMatchObject({
      storedBytes: 21,
      contentBytes: 121,
      sha256: "own",
      parts: [
        [3, earlier.name, 0, 2],
        [0, "", 0, 2],
        [3, earlier.name, 30, 1],
        [0, "", 14, 1],
        [3, earlier.name, 60, 1],
      ],
    });
  });

  test("of an entry that refers itself are named where they really stand", () => {
    const between: ManifestEntry = {
      ...earlier,
      storedBytes: 30,
      parts: [
        [2, "postgres/4.dat.zst", 500, 2],
        [0, "", 0, 1],
        [2, "postgres/4.dat.zst", 900, 1],
      ],
    };
    const list = listOf(new TableBlocks(between, (archive) => archive + 1), texts);
    expect(list.describe("own")).toMatchObject({
      storedBytes: 0,
      parts: [
        [3, "postgres/4.dat.zst", 500, 2],
        [1, earlier.name, 0, 1],
        [3, "postgres/4.dat.zst", 900, 1],
      ],
    });
  });

  test("that are new stand for themselves, with digests or without", () => {
    const list = new FrameList();
    list.addOwn(9, 4, 1, undefined);
    expect(list.describe("own")).toEqual({
      storedBytes: 9,
      contentBytes: 9,
      sha256: "own",
      plainBytes: 4,
      frames: [[9, 4, 1]],
    });
  });

  test("are not found by their digest alone", () => {
    const blocks = new TableBlocks(earlier, () => 1);
    expect(blocks.take(digestOf("two\n"), 5, 1)).toBeUndefined();
    expect(blocks.take(digestOf("two\n"), 4, 2)).toBeUndefined();
    expect(blocks.take(digestOf("two\n"), 4, 1)).toMatchObject({ offsetBytes: 10, storedBytes: 20 });
  });
});
