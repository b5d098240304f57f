import type { TablePiece } from "../../../postgres/ctid-pieces.ts";
import { isComparable } from "../../../postgres/transaction-horizon.ts";
import type { KeptRows, KeptTable } from "./kept-rows.ts";
import { type RowFacts, isCut } from "./row-facts.ts";
import type { FrameRange } from "./table-blocks.ts";

/**
 * The pieces of tables that can be asked whether they still have the rows of an earlier archive (`hasSameRows`): by the
 * transactions that wrote them and by their number, without reading them.
 *
 * That answer needs the earlier snapshot to belong to the past of the present one. A server can be set back (a machine to a
 * snapshot of it, a data folder to a copy, a standby that takes over with some seconds missing), and then goes through the same
 * numbers of transactions again with other rows. So the database itself has to show that it was there: when an archive is complete,
 * its time is written into the database, and which transaction did so is remembered here (`Application.backupMark`). Where that
 * very row is seen, everything before its commit is in the database's past, the archive's snapshot with it. After a restore it is
 * another row, written by another transaction.
 */
export class UntouchedPieces {
  /** See `hasSameRows`. */
  readonly endedBelow: bigint;
  readonly #tables: ReadonlyMap<number, KeptTable & { firstFrames: readonly number[] }>;
  readonly #forms: ReadonlyMap<number, string>;

  private constructor(kept: KeptRows, endedBelow: bigint, forms: ReadonlyMap<number, string>) {
    this.endedBelow = endedBelow;
    this.#tables = new Map(
      kept.tables.map((table) => {
        let next = 0;
        const firstFrames = [0, ...table.framesOfPieces.map((count) => (next += count))];
        return [table.oid, { ...table, firstFrames }];
      }),
    );
    this.#forms = forms;
  }

  /**
   * @param kept of the earlier archive
   * @param facts of the present snapshot
   * @returns undefined when the present snapshot does not show that it comes after the earlier one
   */
  static since(kept: KeptRows | undefined, facts: RowFacts | undefined): UntouchedPieces | undefined {
    if (kept === undefined || facts === undefined) return undefined;
    const endedBelow = BigInt(kept.endedBelow);
    const follows =
      kept.mark === facts.mark &&
      kept.encoding === facts.encoding &&
      isComparable({ database: kept.database, endedBelow }, facts.horizon);
    return follows ? new UntouchedPieces(kept, endedBelow, facts.forms) : undefined;
  }

  /**
   * The frames that hold the rows of a piece in the earlier archive; undefined when it was another table, was written anew since, is
   * written as text in another form, or was not cut at the same places.
   * @param frames how many the table has in the earlier archive
   */
  framesOf(piece: TablePiece, frames: number): FrameRange | undefined {
    const { oid, schema, name, filenode, piecePages, place, columns } = piece;
    const table = this.#tables.get(oid);
    if (table === undefined || !isCut(piece)) return undefined;
    const isSame =
      table.schema === schema &&
      table.name === name &&
      table.filenode === filenode &&
      table.piecePages === piecePages &&
      table.form === this.#forms.get(oid) &&
      table.columns === columns;
    const { framesOfPieces, firstFrames } = table;
    const [first, count] = [firstFrames[place], framesOfPieces[place]];
    // The last frame ends the rows.
    const isWhole = firstFrames.at(-1) === frames - 1;
    return isSame && isWhole && first !== undefined && count !== undefined ? { first, count } : undefined;
  }
}
