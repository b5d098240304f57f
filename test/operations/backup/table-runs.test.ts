import { describe, expect, test } from "vitest";
import { FrameList } from "../../../src/operations/backup/base/frame-list.ts";
import { type HeldTable, planRuns, smallTableBytes } from "../../../src/operations/backup/table-runs.ts";
import type { TablePiece } from "../../../src/postgres/ctid-pieces.ts";

function piece(dumpId: number, sizeBytes: number, isHeap = true): TablePiece {
  return {
    dumpId,
    oid: dumpId,
    filenode: dumpId,
    schema: "s",
    name: `t${dumpId}`,
    sizeBytes,
    isHeap,
    piecePages: 0,
    place: 0,
    heapBytes: 1,
    where: "",
    columns: "id",
    copySql: "",
  };
}

function held(dumpId: number): HeldTable {
  const packed = { content: Buffer.alloc(9), sha256: "", crc32: 0, frames: new FrameList() };
  return { dumpId, schema: "s", name: `t${dumpId}`, sizeBytes: 8192, packed };
}

/** Dump ids by run, a piece as a number of its own. */
function shape(tables: (TablePiece | HeldTable)[]): (number | number[])[] {
  return planRuns(tables).map((run) =>
    run.kind === "piece" ? run.piece.dumpId : run.tables.map(({ dumpId }) => dumpId),
  );
}

describe("runs of small tables", () => {
  test("keep the order, and leave large tables and pieces alone", () => {
    const tables = [
      piece(1, 100),
      held(2),
      piece(3, smallTableBytes),
      piece(4, smallTableBytes + 1),
      piece(5, 0),
      // pieces of one table, however small
      piece(6, 10),
      piece(6, 10),
      piece(7, 0, false),
      piece(8, 0),
    ];
    expect(shape(tables)).toEqual([[1, 2, 3], 4, [5], 6, 6, 7, [8]]);
    expect(shape([])).toEqual([]);
  });

  test("are bounded in tables and bytes", () => {
    const tiny = shape(Array.from({ length: 100 }, (_, index) => piece(index + 1, 100)));
    expect(tiny.map((run) => (run as number[]).length)).toEqual([32, 32, 32, 4]);
    const larger = shape(Array.from({ length: 40 }, (_, index) => piece(index + 1, smallTableBytes)));
    expect(larger.map((run) => (run as number[]).length)).toEqual([16, 16, 8]);
  });
});
