import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  componentIndexName,
  componentRecordName,
  largeObjectEntryName,
  largeObjectTocName,
  listEntryName,
  manifestEntryName,
  parseEntryName,
  tableEntryName,
  tocEntryName,
} from "../../src/archive/entry-names.ts";

const codec = fc.constantFrom("none", "zstd", "gzip");
const component = fc.stringMatching(/^[a-z_][a-z0-9_]{0,20}$/);

describe("entry names", () => {
  it("are told apart again", () => {
    expect(parseEntryName(tocEntryName)).toEqual({ kind: "toc" });
    expect(parseEntryName(listEntryName)).toEqual({ kind: "list" });
    expect(parseEntryName(manifestEntryName)).toEqual({ kind: "manifest" });
    expect(parseEntryName(largeObjectTocName)).toEqual({ kind: "large-object-toc" });
    expect(parseEntryName("postgres/blobs_17.toc")).toEqual({ kind: "large-object-toc" });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), codec, component, (id, packed, name) => {
        expect(parseEntryName(tableEntryName(id, packed))).toEqual({ kind: "table", dumpId: id, codec: packed });
        expect(parseEntryName(largeObjectEntryName(String(id), packed))).toEqual({
          kind: "large-object",
          oid: String(id),
          codec: packed,
        });
        expect(parseEntryName(componentIndexName(name))).toEqual({ kind: "index", component: name });
        if (packed === "gzip") return;
        expect(parseEntryName(componentRecordName(name, id, packed))).toEqual({
          kind: "record",
          component: name,
          id,
          codec: packed,
        });
      }),
    );
    expect(componentRecordName("file_storage", 7, "none")).toBe("component/file_storage/00000007");
  });

  it.each([
    "postgres/",
    "postgres/4711",
    "postgres/04711.dat",
    "postgres/4711.dat.lz4",
    "postgres/4711.dat.zst.zst",
    "postgres/../4711.dat",
    "component/file_storage/1",
    "component/file_storage/00000000",
    "component/file_storage/000000001",
    "component/File_Storage/00000001",
    "component/a/b/00000001",
    "component/$index",
    "component//$index",
    "other/00000001",
    "manifest.jsonl/",
    "postgres/4711.dat\n",
  ])("%s is none of ours", (name) => {
    expect(parseEntryName(name)).toBeUndefined();
  });
});
