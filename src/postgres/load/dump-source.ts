import type { Toc, TocEntry } from "../toc.ts";

/** The rows of one table in an archive. */
export interface TableRows {
  /** Size of the COPY text, for progress and for deciding what is big. */
  plainBytes: number;
  /** Pieces that can be loaded independently of each other, counted from 0; 1 when the rows cannot be cut. */
  parts: number;
  /** Expected number of rows, when the archive says. */
  rows: number | undefined;
  /**
   * COPY text of the pieces `fromPart` up to, without, `toPart`. May be called more than once and for several ranges at
   * once. The text may end with the `\.` line and blank lines. Chunks belong to the receiver, memory and all.
   * @throws DamagedError while reading
   */
  open(fromPart: number, toPart: number): AsyncIterable<Buffer>;
}

/** A large object of an archive: its number and its bytes. Each content must be read to its end before the next comes. */
export interface LargeObjectData {
  oid: string;
  content: AsyncIterable<Buffer>;
}

/** What a database is loaded from: a table of contents and the data it names. */
export interface DumpSource {
  readonly toc: Toc;
  /**
   * Rows of a TABLE DATA entry, found by its `dumpId` alone (a caller may pass a rewritten copy of the entry).
   * `undefined`: the archive holds no rows of that table on purpose.
   */
  table(entry: TocEntry): TableRows | undefined;
  /** Data only; the objects themselves and their owners come from the table of contents. */
  largeObjects(): AsyncIterable<LargeObjectData>;
}
