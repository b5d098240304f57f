import { compressBlock, type Codec } from "../../archive/codec.ts";
import { tableEntryName } from "../../archive/entry-names.ts";
import type { ManifestBuilder } from "../../archive/manifest.ts";
import type { ArchiveWriter, EntryWriter } from "../../archive/writer.ts";
import type { BufferPool } from "../../buffer-pool.ts";
import type { TablePiece } from "../../postgres/ctid-pieces.ts";
import type { ConnectionSettings } from "../../postgres/settings.ts";
import type { Snapshot } from "../../postgres/snapshot.ts";
import type { StageProgress } from "../../progress.ts";
import type { RateLimit } from "../../rate-limit.ts";
import type { EarlierRows } from "./base/earlier-rows.ts";
import { FrameList, emptySha256 } from "./base/frame-list.ts";
import type { TableBlocks } from "./base/table-blocks.ts";
import type { UntouchedPieces } from "./base/untouched-pieces.ts";
import { runOrderedPieces } from "./ordered-pieces.ts";
import { rowsTerminator, writePackedTable } from "./packed-table.ts";
import { PieceReader, type RowBlock, type TableBlock } from "./piece-reader.ts";
import { TableProgress } from "./table-progress.ts";
import { type HeldTable, type TableRun, isHeld, planRuns } from "./table-runs.ts";

/** What {@link dumpTables} needs. */
export interface DumpTablesOptions {
  writer: ArchiveWriter;
  manifest: ManifestBuilder;
  settings: ConnectionSettings;
  snapshot: Snapshot;
  /** Encoding of the rows, as the table of contents says. */
  encoding: string;
  /** Pieces of all tables, those of one table next to each other, and what is copied already, in the archive's order. */
  tables: readonly (TablePiece | HeldTable)[];
  /** Whether all tables are locked until the end; otherwise each is looked at after it was copied. */
  locked: boolean;
  codec: Codec;
  level: number | undefined;
  earlier: EarlierRows;
  /** Pieces that may have the rows that they had in the earlier archive; undefined: every row is read. */
  untouched: UntouchedPieces | undefined;
  /** Connections at once. */
  jobs: number;
  buffers: BufferPool;
  /** Bytes in flight. */
  limitBytes: number;
  /** Of COPY text. */
  readLimit: RateLimit | undefined;
  progress: StageProgress;
  signal: AbortSignal;
}

/** What readers of pieces are given. */
export interface PieceReaderOptions extends DumpTablesOptions {
  /** The same for all pieces of a table. */
  blocksOfPiece(piece: TablePiece): TableBlocks | undefined;
}

/** Which frames of a table came of which of its pieces. */
export interface TableCut {
  piece: TablePiece;
  /** How many frames each piece has, in order. */
  framesOfPieces: number[];
}

/** What came of {@link dumpTables}. */
export interface DumpedTables {
  rows: number;
  plainBytes: number;
  /** Of these, what was not read, because it stands in the earlier archive and nobody has touched it since. */
  untouchedBytes: number;
  /** Tables that were read in pieces. */
  cuts: TableCut[];
}

interface OpenTable {
  piece: TablePiece;
  name: string;
  /** Undefined as long as everything stands elsewhere. */
  entry: EntryWriter | undefined;
  frames: FrameList;
  framesOfPieces: number[];
}

/** Copies rows over several connections that see the same snapshot, into one entry a table. */
export async function dumpTables(options: DumpTablesOptions): Promise<DumpedTables> {
  const totals: DumpedTables = { rows: 0, plainBytes: 0, untouchedBytes: 0, cuts: [] };
  const blocks = onePerTable(options);
  const readers = Array.from({ length: options.jobs }, () => new PieceReader({ ...options, blocksOfPiece: blocks.of }));
  const progress = new TableProgress(options.progress);
  let open: OpenTable | undefined;
  const end = await compressBlock(options.codec, options.level, rowsTerminator);
  const endDigest = options.earlier.digest?.of(rowsTerminator);
  const closeTable = async (): Promise<void> => {
    if (open === undefined) return;
    totals.cuts.push({ piece: open.piece, framesOfPieces: open.framesOfPieces });
    const plainBytes = rowsTerminator.length;
    const place = endDigest && blocks.of(open.piece)?.take(endDigest, plainBytes, 0);
    await addFrame(options.writer, open, {
      stored: place ?? end,
      heldBytes: end.length,
      plainBytes,
      rows: 0,
      digest: endDigest,
    });
    await finishTable(options, open);
    blocks.forget(open.piece);
    totals.rows += open.frames.rows;
    totals.plainBytes += open.frames.plainBytes;
    open = undefined;
  };
  const writePiece = async (piece: TablePiece, itsBlocks: AsyncIterable<TableBlock>): Promise<void> => {
    if (open?.piece.dumpId !== piece.dumpId) {
      await closeTable();
      open = {
        piece,
        name: tableEntryName(piece.dumpId, options.codec),
        entry: undefined,
        frames: new FrameList(),
        framesOfPieces: [],
      };
    }
    const framesBefore = open.frames.length;
    for await (const block of itsBlocks) {
      if ("packed" in block) throw new Error("a block of several tables in a piece of one");
      await addFrame(options.writer, open, block);
      if (block.isUntouched) totals.untouchedBytes += block.plainBytes;
      progress.advance(block.plainBytes, piece.sizeBytes);
    }
    open.framesOfPieces.push(open.frames.length - framesBefore);
    progress.endPiece(piece.sizeBytes);
  };
  const writeSmall = async (
    tables: readonly (TablePiece | HeldTable)[],
    itsBlocks: AsyncIterable<TableBlock>,
  ): Promise<void> => {
    await closeTable();
    const read = [];
    for await (const block of itsBlocks) if ("packed" in block) read.push(...block.packed);
    for (const table of tables) {
      const packed = isHeld(table) ? table.packed : read.shift();
      if (packed === undefined) throw new Error(`nothing was read of ${table.schema}.${table.name}`);
      await writePackedTable(options.writer, options.manifest, options.codec, table, packed);
      const { rows, plainBytes } = packed.frames;
      totals.rows += rows;
      totals.plainBytes += plainBytes;
      progress.advance(plainBytes, table.sizeBytes);
      progress.endPiece(table.sizeBytes);
    }
  };
  try {
    await runOrderedPieces<TableRun, TableBlock>({
      pieces: planRuns(options.tables),
      workers: options.jobs,
      limitBytes: options.limitBytes,
      signal: options.signal,
      read: (run, output, worker) => readers[worker]!.read(run, output),
      write: (run, itsBlocks) =>
        run.kind === "piece" ? writePiece(run.piece, itsBlocks) : writeSmall(run.tables, itsBlocks),
    });
    await closeTable();
    await Promise.all(readers.map((reader) => reader.endTransaction()));
  } finally {
    await Promise.all(readers.map((reader) => reader.close()));
  }
  return totals;
}

/** Pieces of a table, which several readers read, take from the same. */
function onePerTable({ earlier }: DumpTablesOptions): {
  of: PieceReaderOptions["blocksOfPiece"];
  /** When all pieces are written. */
  forget(piece: TablePiece): void;
} {
  const known = new Map<number, TableBlocks | undefined>();
  return {
    of({ dumpId, schema, name }) {
      if (!known.has(dumpId)) known.set(dumpId, earlier.blocksOf(schema, name));
      return known.get(dumpId);
    },
    forget: ({ dumpId }) => void known.delete(dumpId),
  };
}

async function addFrame(writer: ArchiveWriter, table: OpenTable, block: RowBlock): Promise<void> {
  const { stored, plainBytes, rows, digest } = block;
  if (!(stored instanceof Uint8Array)) {
    table.frames.addReferred(stored, digest ?? new Uint8Array());
    return;
  }
  table.entry ??= await writer.openEntry(table.name);
  await table.entry.write(stored);
  table.frames.addOwn(stored.length, plainBytes, rows, digest);
}

async function finishTable({ manifest, codec }: DumpTablesOptions, table: OpenTable): Promise<void> {
  const entry = await table.entry?.close();
  const { piecePages, schema, name } = table.piece;
  manifest.addEntry({
    type: "entry",
    name: table.name,
    codec,
    table: { schema, name },
    rows: table.frames.rows,
    ...(piecePages === 0 ? {} : { piecePages }),
    ...table.frames.describe(entry?.sha256 ?? emptySha256),
  });
}
