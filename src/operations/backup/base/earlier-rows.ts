import type { BlockDigest } from "../../../archive/block-digest.ts";
import type { TableBlocks } from "./table-blocks.ts";

/** What is known of the rows of earlier archives, and how frames are digested so that later ones can refer to them. */
export interface EarlierRows {
  /** Undefined: no digests are kept, so that no later archive can refer to these rows. */
  digest: BlockDigest | undefined;
  /** The frames of a table; another list each time, from which nothing was taken. */
  blocksOf(schema: string, name: string): TableBlocks | undefined;
  /** The frames of a large object, likewise. */
  blocksOfLargeObject(oid: string): TableBlocks | undefined;
  /** How a table was cut, see `PieceOptions.cutBefore`. */
  cutOf: (schema: string, name: string) => number | undefined;
}

/** For an archive that stands for itself. */
export function noEarlierRows(digest: BlockDigest | undefined): EarlierRows {
  return { digest, blocksOf: () => undefined, blocksOfLargeObject: () => undefined, cutOf: () => undefined };
}
