import { describe, expect, it } from "vitest";
import { openZipArchive } from "../../../src/archive/zip-reader.ts";
import { decodeToc } from "../../../src/postgres/toc-decode.ts";
import { encodeToc } from "../../../src/postgres/toc-encode.ts";
import { encodeList } from "../../../src/postgres/toc-list.ts";
import { openFileSource } from "../../../src/stores/file-source.ts";
import { goldenArchives } from "../../fixtures/golden.ts";

const entryLines = (list: Buffer): string[] => {
  const lines = list.toString("utf8").split("\n");
  return lines.slice(lines.indexOf("; Selected TOC Entries:"));
};

describe.skipIf(goldenArchives.length === 0)("golden archives", () => {
  it.each(goldenArchives)("$name: toc.dat byte for byte, and the list that NextGIS Web wrote", async ({ path }) => {
    const archive = await openZipArchive(await openFileSource(path));
    try {
      const bytes = await archive.readAll("postgres/toc.dat", 10_000_000);
      const toc = decodeToc(bytes);
      expect(encodeToc(toc).equals(bytes)).toBe(true);
      const list = await archive.readAll("postgres/restore", 10_000_000);
      expect(entryLines(encodeList(toc))).toEqual(entryLines(list));
      expect(entryLines(list).length).toBeGreaterThan(300);
    } finally {
      await archive.close();
    }
  });
});
