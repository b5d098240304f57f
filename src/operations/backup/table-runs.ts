import type { TablePiece } from "../../postgres/ctid-pieces.ts";
import type { PackedTable } from "./packed-table.ts";

/** A table whose rows are in memory already. */
export interface HeldTable {
  dumpId: number;
  schema: string;
  name: string;
  /** As {@link TablePiece} has it. */
  sizeBytes: number;
  packed: PackedTable;
}

/** What a reader reads at once: a piece in blocks, or some small tables as a whole each, with one round trip. */
export type TableRun =
  | { kind: "piece"; piece: TablePiece }
  | { kind: "small"; tables: readonly (TablePiece | HeldTable)[] };

/**
 * Heap and TOAST of a table that is copied whole, compressed on the main thread and held in memory. Larger ones go through
 * blocks, which threads compress.
 */
export const smallTableBytes: number = 64 * 1024;
/** A run's tables are read before the first of them is written. */
const runBytes = 1024 * 1024;
const runTables = 32;

/** Whether a table's rows are in memory already. */
export function isHeld(table: TablePiece | HeldTable): table is HeldTable {
  return "packed" in table;
}

/**
 * Gathers small tables that stand next to each other; the order stays.
 * @param tables in the archive's order, pieces of a table next to each other
 */
export function planRuns(tables: readonly (TablePiece | HeldTable)[]): TableRun[] {
  const runs: TableRun[] = [];
  let small: (TablePiece | HeldTable)[] = [];
  let bytes = 0;
  const endRun = (): void => {
    if (small.length > 0) runs.push({ kind: "small", tables: small });
    small = [];
    bytes = 0;
  };
  for (const [index, table] of tables.entries()) {
    const isWhole = tables[index - 1]?.dumpId !== table.dumpId && tables[index + 1]?.dumpId !== table.dumpId;
    if (!isHeld(table) && !(table.isHeap && isWhole && table.sizeBytes <= smallTableBytes)) {
      endRun();
      runs.push({ kind: "piece", piece: table });
      continue;
    }
    if (small.length === runTables || bytes + table.sizeBytes > runBytes) endRun();
    small.push(table);
    bytes += table.sizeBytes;
  }
  endRun();
  return runs;
}
