/** A piece of a table out of a damaged archive, in order: rows that are there, or a place where rows are gone. */
export type TablePiece = RowsPiece | LostPiece;

/** Rows as COPY text, whole ones, each with its line end; without the `\.` line. */
export interface RowsPiece {
  kind: "rows";
  text: Buffer;
  /** Number of the first one in the table, from 1; guessed behind a loss of unknown length. */
  firstRow: number;
  rows: number;
  /** A digest says that they are as they were written. */
  isProven: boolean;
}

/** Rows that are gone. */
export interface LostPiece {
  kind: "lost";
  firstRow: number;
  /** How many; undefined where nothing tells. */
  rows: number | undefined;
  /** What is wrong there. */
  reason: string;
}
