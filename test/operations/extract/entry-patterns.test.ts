import { describe, expect, test } from "vitest";
import { entryPatterns } from "../../../src/operations/extract/entry-patterns.ts";

const uuid = "0123456789abcdef0123456789abcdef";
const blob = { name: `file_storage/raster_layer/01/23/${uuid}`, aliases: [`raster_layer/${uuid}`, uuid] };
const table = { name: "table:vector_layer.layer_1", aliases: [] };

describe("patterns for names of entries", () => {
  test.each([
    [blob.name, true, false],
    [uuid, true, false],
    [`raster_layer/${uuid}`, true, false],
    ["raster_layer/*", true, false],
    ["file_storage", true, false],
    ["file_storage/", true, false],
    ["file_storage/raster_layer", true, false],
    ["file_storage/raster_layer/??", true, false],
    ["file_storage/raster", false, false],
    ["file_storage/*/01", true, false],
    ["file_storage/*/23", false, false],
    ["file_storage/**/0*", true, false],
    ["**", true, true],
    ["**/*_1", false, false],
    ["table:vector_layer.*", false, true],
    ["table:*.layer_?", false, true],
    ["table:vector_layerXlayer_1", false, false],
    ["table:vector_layer", false, false],
    ["[0-9]*", false, false],
    ["table:vector_layer.layer_1|x", false, false],
  ])("%s", (pattern, isBlob, isTable) => {
    const patterns = entryPatterns([pattern]);
    expect([patterns.match(blob), patterns.match(table)]).toEqual([isBlob, isTable]);
    expect(patterns.unmatched()).toEqual(isBlob || isTable ? [] : [pattern]);
    // What is not looked at cannot be found.
    if (isBlob) expect(patterns.mayBeFiles).toBe(true);
    if (isTable) expect(patterns.mayBeRows).toBe(true);
  });

  test("without one everything is asked for, and with several what any of them names", () => {
    const all = entryPatterns([]);
    expect([all.match(blob), all.match(table), all.mayBeRows, all.mayBeFiles]).toEqual([true, true, true, true]);
    const both = entryPatterns([uuid, "table:none", "table:*"]);
    expect([both.match(blob), both.match(table)]).toEqual([true, true]);
    expect(both.unmatched()).toEqual(["table:none"]);
  });

  test("find a table with a slash in its name", () => {
    const patterns = entryPatterns(["**/b"]);
    expect(patterns.mayBeRows && patterns.match({ name: "table:public.a/b", aliases: [] })).toBe(true);
  });

  test("tell what need not be looked at", () => {
    const files = entryPatterns([uuid, "file_storage/x", "toc.dat"]);
    expect([files.mayBeRows, files.mayBeFiles]).toEqual([false, true]);
    const rows = entryPatterns(["table:*", "large-object:1", "manifest.jsonl"]);
    expect([rows.mayBeRows, rows.mayBeFiles]).toEqual([true, false]);
  });
});
