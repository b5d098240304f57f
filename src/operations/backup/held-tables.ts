import { type TablePiece, copyColumns } from "../../postgres/ctid-pieces.ts";
import type { Toc } from "../../postgres/toc.ts";
import type { EarlyTable } from "./early-tables.ts";
import type { HeldTable } from "./table-runs.ts";

/**
 * Finds the tables of a table of contents that were copied already: the same table, by OID and name, and the same columns in
 * its COPY. Others are copied the ordinary way.
 * @param early by OID
 * @returns by dump id
 */
export function heldTables(toc: Toc, early: ReadonlyMap<string, EarlyTable>): Map<number, HeldTable> {
  const held = new Map<number, HeldTable>();
  for (const entry of toc.entries) {
    const { dumpId, tag: name } = entry;
    const schema = entry.namespace ?? "";
    if (entry.description !== "TABLE DATA" || !entry.hadDumper) continue;
    const found = early.get(entry.catalogOid);
    if (found === undefined || found.schema !== schema || found.name !== name) continue;
    if (found.columns !== copyColumns(entry)) continue;
    held.set(dumpId, { dumpId, schema, name, sizeBytes: found.sizeBytes, packed: found.packed });
  }
  return held;
}

/**
 * Puts the pieces that are to be read and the tables that are held in the order of the table of contents.
 * @param pieces in its order
 */
export function inArchiveOrder(
  toc: Toc,
  pieces: readonly TablePiece[],
  held: ReadonlyMap<number, HeldTable>,
): (TablePiece | HeldTable)[] {
  const tables: (TablePiece | HeldTable)[] = [];
  let next = 0;
  for (const { dumpId } of toc.entries) {
    const table = held.get(dumpId);
    if (table !== undefined) tables.push(table);
    while (pieces[next]?.dumpId === dumpId) tables.push(pieces[next++]!);
  }
  return tables;
}
