import type { Application } from "../../../applications/application.ts";
import type { Client } from "../../../postgres/connection.ts";
import type { TablePiece } from "../../../postgres/ctid-pieces.ts";
import { fixedRowForms } from "../../../postgres/row-forms.ts";
import { isConnectionEnd } from "../../../postgres/server-error.ts";
import { type TransactionHorizon, readTransactionHorizon } from "../../../postgres/transaction-horizon.ts";
import { type HeldTable, isHeld } from "../table-runs.ts";

/** What a snapshot tells of its rows besides the rows themselves, to know them again. */
export interface RowFacts {
  horizon: TransactionHorizon;
  /** See `Application.backupMark`. */
  mark: string | null;
  /** In which rows are read. */
  encoding: string;
  /** See `fixedRowForms`. */
  forms: ReadonlyMap<number, string>;
}

/** Whether a piece's rows can be known again: they stand in pages of an ordinary table, all of them count. */
export function isCut(table: TablePiece | HeldTable): table is TablePiece & { filenode: number } {
  return !isHeld(table) && table.isHeap && table.piecePages > 0 && table.filenode !== null;
}

/**
 * Looks up what a snapshot tells of the tables that are read in pieces.
 * @param client in the snapshot's transaction
 * @returns undefined when rows of this server cannot be known again, or that cannot be asked: it spares work and is no reason to fail
 */
export async function readRowFacts(
  client: Client,
  application: Application,
  tables: readonly (TablePiece | HeldTable)[],
  { encoding, serverVersionNum }: { encoding: string; serverVersionNum: number },
): Promise<RowFacts | undefined> {
  await client.query("SAVEPOINT row_facts");
  try {
    const horizon = await readTransactionHorizon(client, serverVersionNum);
    if (horizon === undefined) return undefined;
    const oids = new Set(tables.flatMap((table) => (isCut(table) ? [table.oid] : [])));
    const forms = oids.size === 0 ? new Map<number, string>() : await fixedRowForms(client, [...oids]);
    return { horizon, mark: await application.backupMark(client), encoding, forms };
  } catch (error) {
    if (isConnectionEnd(error)) throw error;
    await client.query("ROLLBACK TO SAVEPOINT row_facts");
    return undefined;
  }
}
