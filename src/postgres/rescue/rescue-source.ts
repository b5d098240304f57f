import type { Toc, TocEntry } from "../toc.ts";
import type { TablePiece } from "./table-piece.ts";

/** What a fresh database is filled from: a sound table of contents, and as much of the data as there is. */
export interface RescueSource {
  readonly toc: Toc;
  /** Size of the rows of a TABLE DATA entry, about. */
  sizeBytes(entry: TocEntry): number;
  /** The rows of a TABLE DATA entry; undefined when they were left out of the archive on purpose. */
  pieces(entry: TocEntry): AsyncIterable<TablePiece> | undefined;
  /** Large objects whose content a digest proves. */
  largeObjects(): AsyncIterable<{ oid: string; content: AsyncIterable<Buffer> }>;
}
