import { expect, test } from "vitest";
import { differences } from "../../src/demo/differences.ts";
import type { Fingerprint } from "../../src/demo/fingerprint.ts";

const base: Fingerprint = {
  tables: { "public.a": { rows: 1, md5: "x" } },
  sequences: { "public.s": null },
  objects: { indexes: { count: 2, md5: "y" } },
  blobs: { "c/aa/bb/one": { size: 3, sha256: "z" } },
  fonts: { "F.ttf": "f" },
};

test("equal fingerprints differ in nothing", () => {
  expect(differences(base, structuredClone(base))).toEqual([]);
});

test("every part is compared, and named", () => {
  const found: Fingerprint = {
    tables: { "public.b": { rows: 1, md5: "x" } },
    sequences: { "public.s": "7" },
    objects: { indexes: { count: 2, md5: "other" } },
    blobs: { "c/aa/bb/one": { size: 2, sha256: "z" } },
    fonts: {},
  };
  expect(differences(base, found)).toEqual([
    "table public.a: expected 1 rows, md5 x, found nothing",
    "table public.b: expected nothing, found 1 rows, md5 x",
    "sequence public.s: expected last value none, found last value 7",
    "list of indexes: expected 2 lines, md5 y, found 2 lines, md5 other",
    "blob c/aa/bb/one: expected 3 bytes, sha256 z, found 2 bytes, sha256 z",
    "font F.ttf: expected sha256 f, found nothing",
  ]);
});

test("files are not compared when only the database was expected", () => {
  const { tables, sequences, objects } = base;
  expect(differences({ tables, sequences, objects }, base)).toEqual([]);
});
