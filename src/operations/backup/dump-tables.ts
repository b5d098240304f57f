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
import { runOrderedPieces } from "./ordered-pieces.ts";
import { rowsTerminator, writePackedTable } from "./packed-table.ts";
import { type RowBlock, type TableBlock, PieceReader } from "./piece-reader.ts";
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

interface OpenTable {
  piece: TablePiece;
  entry: EntryWriter;
  frames: [number, number, number][];
  rows: number;
  plainBytes: number;
}

/** Copies rows over several connections that see the same snapshot, into one entry a table. */
export async function dumpTables(options: DumpTablesOptions): Promise<{ rows: number; plainBytes: number }> {
  const totals = { rows: 0, plainBytes: 0 };
  const readers = Array.from({ length: options.jobs }, () => new PieceReader(options));
  const progress = new TableProgress(options.progress);
  let open: OpenTable | undefined;
  const end = await compressBlock(options.codec, options.level, rowsTerminator);
  const closeTable = async (): Promise<void> => {
    if (open === undefined) return;
    await addFrame(open, { stored: end, heldBytes: end.length, plainBytes: rowsTerminator.length, rows: 0 });
    await finishTable(options, open);
    totals.rows += open.rows;
    totals.plainBytes += open.plainBytes;
    open = undefined;
  };
  const writePiece = async (piece: TablePiece, blocks: AsyncIterable<TableBlock>): Promise<void> => {
    if (open?.piece.dumpId !== piece.dumpId) {
      await closeTable();
      const entry = await options.writer.openEntry(tableEntryName(piece.dumpId, options.codec));
      open = { piece, entry, frames: [], rows: 0, plainBytes: 0 };
    }
    for await (const block of blocks) {
      if ("packed" in block) throw new Error("a block of several tables in a piece of one");
      await addFrame(open, block);
      progress.advance(block.plainBytes, piece.sizeBytes);
    }
    progress.endPiece(piece.sizeBytes);
  };
  const writeSmall = async (
    tables: readonly (TablePiece | HeldTable)[],
    blocks: AsyncIterable<TableBlock>,
  ): Promise<void> => {
    await closeTable();
    const read = [];
    for await (const block of blocks) if ("packed" in block) read.push(...block.packed);
    for (const table of tables) {
      const packed = isHeld(table) ? table.packed : read.shift();
      if (packed === undefined) throw new Error(`nothing was read of ${table.schema}.${table.name}`);
      await writePackedTable(options.writer, options.manifest, options.codec, table, packed);
      totals.rows += packed.rows;
      totals.plainBytes += packed.plainBytes;
      progress.advance(packed.plainBytes, table.sizeBytes);
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
      write: (run, blocks) => (run.kind === "piece" ? writePiece(run.piece, blocks) : writeSmall(run.tables, blocks)),
    });
    await closeTable();
    await Promise.all(readers.map((reader) => reader.endTransaction()));
  } finally {
    await Promise.all(readers.map((reader) => reader.close()));
  }
  return totals;
}

async function addFrame(table: OpenTable, block: RowBlock): Promise<void> {
  await table.entry.write(block.stored);
  table.frames.push([block.stored.length, block.plainBytes, block.rows]);
  table.rows += block.rows;
  table.plainBytes += block.plainBytes;
}

async function finishTable({ manifest, codec }: DumpTablesOptions, table: OpenTable): Promise<void> {
  const entry = await table.entry.close();
  manifest.addEntry({
    type: "entry",
    name: entry.name,
    storedBytes: entry.storedBytes,
    contentBytes: entry.contentBytes,
    sha256: entry.sha256,
    codec,
    plainBytes: table.plainBytes,
    table: { schema: table.piece.schema, name: table.piece.name },
    rows: table.rows,
    frames: table.frames,
  });
}
