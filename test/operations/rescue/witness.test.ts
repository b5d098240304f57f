import { crc32 } from "node:zlib";
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { DamagedArchive } from "../../../src/archive/rescue/damaged-archive.ts";
import { writeMember } from "../../../src/operations/rescue/write-member.ts";
import { tempFolder } from "../../fixtures/temp-folder.ts";

const content = Buffer.from("hello");
const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** An archive of one entry whose headers tell some CRC-32s, or that is a folder. */
function archiveOf(crcs: readonly number[] | undefined): DamagedArchive {
  const sizes = { storedBytes: content.length, contentBytes: content.length };
  return {
    label: "archive",
    manifestDigest: undefined,
    entries: new Map([["blob", { name: "blob", method: "stored", ...sizes, crcs, isCut: false }]]),
    damages: [],
    cutAtBytes: undefined,
    readStored: async () => content,
    async *content() {
      yield content;
    },
    async close() {},
  };
}

describe("a file counts as proven", () => {
  test.each([
    ["by its CRC-32", [crc32(content)], undefined, true],
    ["by one of two that contradict each other", [1, crc32(content)], undefined, true],
    ["not by another CRC-32", [1], undefined, false],
    ["not when its headers are gone", [], undefined, false],
    ["by the index alone when its headers are gone", [], sha256(content), true],
    ["in a folder, where nothing speaks against it", undefined, undefined, true],
    ["in a folder by the index", undefined, sha256(content), true],
    ["not in a folder when the index says otherwise", undefined, sha256(Buffer.from("hellX")), false],
  ])("%s", async (_name, crcs, indexSha256, isProven) => {
    const member = { name: "blob", codec: "none" as const, listed: undefined };
    const written = await writeMember(archiveOf(crcs), member, await tempFolder(), indexSha256, () => {});
    expect(written).toMatchObject({ isProven, sizeBytes: content.length });
  });
});
