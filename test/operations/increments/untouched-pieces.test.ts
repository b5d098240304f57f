import { describe, expect, test } from "vitest";
import type { KeptRows } from "../../../src/operations/backup/base/kept-rows.ts";
import type { RowFacts } from "../../../src/operations/backup/base/row-facts.ts";
import { UntouchedPieces } from "../../../src/operations/backup/base/untouched-pieces.ts";
import type { TablePiece } from "../../../src/postgres/ctid-pieces.ts";

const form = "1 23 -1 id";

const kept: KeptRows = {
  archive: "a".repeat(64),
  database: "7/16384",
  endedBelow: "5000",
  mark: '5010 "2026-01-01"',
  encoding: "UTF8",
  tables: [
    {
      schema: "public",
      name: "layer",
      oid: 4711,
      filenode: 4712,
      form,
      columns: "id",
      piecePages: 3072,
      framesOfPieces: [12, 11, 4],
    },
  ],
};

const facts: RowFacts = {
  horizon: { database: "7/16384", endedBelow: 6000n, nextNumber: 6010n },
  mark: kept.mark,
  encoding: "UTF8",
  forms: new Map([[4711, form]]),
};

const piece: TablePiece = {
  dumpId: 1,
  oid: 4711,
  filenode: 4712,
  schema: "public",
  name: "layer",
  sizeBytes: 1,
  isHeap: true,
  piecePages: 3072,
  place: 1,
  heapBytes: 1,
  where: "",
  columns: "id",
  copySql: "",
};

describe("pieces that may be untouched", () => {
  test("are known by table, place and form", () => {
    const pieces = UntouchedPieces.since(kept, facts);
    expect(pieces?.endedBelow).toBe(5000n);
    expect(pieces?.framesOf(piece, 28)).toEqual({ first: 12, count: 11 });
    expect(pieces?.framesOf({ ...piece, place: 2 }, 28)).toEqual({ first: 23, count: 4 });
  });

  test.each<[string, Partial<TablePiece>]>([
    ["another table", { oid: 4710 }],
    ["a table that was written anew", { filenode: 4713 }],
    ["a table without a file", { filenode: null }],
    ["a table of another schema", { schema: "other" }],
    ["a table that has taken another's name", { name: "other" }],
    ["a piece of another size", { piecePages: 3000 }],
    ["a piece that was not there", { place: 3 }],
    ["a table that is not cut", { piecePages: 0 }],
    ["rows of another kind of table", { isHeap: false }],
    ["a table of which other columns are read", { columns: "id, more" }],
  ])("%s is none", (_, change) => {
    expect(UntouchedPieces.since(kept, facts)?.framesOf({ ...piece, ...change }, 28)).toBeUndefined();
  });

  test("nor one whose archive has another number of frames, or whose rows would be written otherwise", () => {
    expect(UntouchedPieces.since(kept, facts)?.framesOf(piece, 27)).toBeUndefined();
    for (const forms of [new Map<number, string>(), new Map([[4711, `${form}, 2 23 -1 more`]])])
      expect(UntouchedPieces.since(kept, { ...facts, forms })?.framesOf(piece, 28)).toBeUndefined();
  });

  test.each<[string, Partial<RowFacts>]>([
    ["no mark", { mark: null }],
    ["another mark", { mark: '5011 "2026-01-01"' }],
    ["another encoding", { encoding: "SQL_ASCII" }],
    ["another database", { horizon: { ...facts.horizon, database: "7/16385" } }],
    ["one that is further back", { horizon: { ...facts.horizon, endedBelow: 4999n } }],
    ["one that is too far ahead", { horizon: { ...facts.horizon, nextNumber: 5000n + 2n ** 30n } }],
  ])("there are none after a snapshot of %s", (_, change) => {
    expect(UntouchedPieces.since(kept, { ...facts, ...change })).toBeUndefined();
  });

  test("nor where nothing is known", () => {
    expect(UntouchedPieces.since(undefined, facts)).toBeUndefined();
    expect(UntouchedPieces.since(kept, undefined)).toBeUndefined();
  });
});
