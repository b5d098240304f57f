import { expect, test } from "vitest";
import { readZipDirectory } from "../../src/archive/zip-directory.ts";
import type { ByteSource } from "../../src/bytes.ts";

test("more entries than can be held are refused by their number, before any is read", async () => {
  const source: ByteSource = {
    label: "many.ngwbackup",
    sizeBytes: 2 ** 30,
    read: () => Promise.reject(new Error("nothing needs to be read")),
    close: () => Promise.resolve(),
  };
  const end = { directoryOffsetBytes: 0, directoryBytes: 2 ** 29, entryCount: 10_000_000, comment: "", isOurs: true };
  const damages: unknown[] = [];
  expect(await readZipDirectory(source, end, (damage) => void damages.push(damage))).toEqual([]);
  expect(damages).toEqual([{ what: "too many entries", expected: "at most 8000000", found: "10000000" }]);
});
