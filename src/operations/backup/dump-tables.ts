import { compressBlock, type Codec } from "../../archive/codec.ts";
import { tableEntryName } from "../../archive/entry-names.ts";
import type { ManifestBuilder } from "../../archive/manifest.ts";
import type { ArchiveWriter, EntryWriter } from "../../archive/writer.ts";
import type { BufferPool } from "../../buffer-pool.ts";
import { AppError } from "../../errors.ts";
import { type Client, connect } from "../../postgres/connection.ts";
import { copyOut } from "../../postgres/copy-out.ts";
import type { TablePiece } from "../../postgres/ctid-pieces.ts";
import { rewrittenTables } from "../../postgres/rewritten-tables.ts";
import type { ConnectionSettings } from "../../postgres/settings.ts";
import { type Snapshot, importSnapshot } from "../../postgres/snapshot.ts";
import type { StageProgress } from "../../progress.ts";
import type { RateLimit } from "../../rate-limit.ts";
import { blockBytes } from "./block-size.ts";
import { type HeldBlock, type PieceOutput, runOrderedPieces } from "./ordered-pieces.ts";

/** What {@link dumpTables} needs. */
export interface DumpTablesOptions {
  writer: ArchiveWriter;
  manifest: ManifestBuilder;
  settings: ConnectionSettings;
  snapshot: Snapshot;
  /** Encoding of the rows, as the table of contents says. */
  encoding: string;
  /** Pieces of all tables, those of one table next to each other, in the archive's order. */
  pieces: readonly TablePiece[];
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

const smallestBlockBytes = 64 * 1024;

/** A piece of a transaction's locks are its tables: a new transaction from time to time bounds them. */
const piecesPerTransaction = 100;

/** Ends the rows of a table, as pg_dump writes it, so that pg_restore is content. */
const terminator = Buffer.from("\\.\n\n\n");

/** Rows on their way into the archive: a frame of their table. */
interface RowBlock extends HeldBlock {
  stored: Uint8Array;
  plainBytes: number;
  rows: number;
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
  const end = await compressBlock(options.codec, options.level, terminator);
  const closeTable = async (): Promise<void> => {
    if (open === undefined) return;
    await addFrame(open, { stored: end, heldBytes: end.length, plainBytes: terminator.length, rows: 0 });
    await finishTable(options, open);
    totals.rows += open.rows;
    totals.plainBytes += open.plainBytes;
    open = undefined;
  };
  try {
    await runOrderedPieces<TablePiece, RowBlock>({
      pieces: options.pieces,
      workers: options.jobs,
      limitBytes: options.limitBytes,
      signal: options.signal,
      read: (piece, output, worker) => readers[worker]!.read(piece, output),
      async write(piece, blocks) {
        if (open?.piece.dumpId !== piece.dumpId) {
          await closeTable();
          const entry = await options.writer.openEntry(tableEntryName(piece.dumpId, options.codec));
          open = { piece, entry, frames: [], rows: 0, plainBytes: 0 };
        }
        for await (const block of blocks) {
          await addFrame(open, block);
          progress.advance(block.plainBytes, piece.sizeBytes);
        }
        progress.endPiece(piece.sizeBytes);
      },
    });
    await closeTable();
    await Promise.all(readers.map((reader) => reader.endTransaction()));
  } finally {
    await Promise.all(readers.map((reader) => reader.close()));
  }
  return totals;
}

/**
 * Tells the progress of COPY text in bytes of the tables that it comes from: those are known beforehand, so that the time
 * left is right. How the two compare is learned from the pieces before.
 */
class TableProgress {
  readonly #stage: StageProgress;
  #plainBytes = 0;
  #tableBytes = 0;
  #piecePlainBytes = 0;
  #pieceToldBytes = 0;

  constructor(stage: StageProgress) {
    this.#stage = stage;
  }

  /** @param pieceBytes of the piece that the text is of */
  advance(plainBytes: number, pieceBytes: number): void {
    this.#piecePlainBytes += plainBytes;
    if (this.#plainBytes === 0) return;
    const share = Math.round((plainBytes * this.#tableBytes) / this.#plainBytes);
    const told = Math.min(share, pieceBytes - this.#pieceToldBytes);
    this.#pieceToldBytes += told;
    this.#stage.advance(told);
  }

  endPiece(pieceBytes: number): void {
    this.#stage.advance(pieceBytes - this.#pieceToldBytes);
    this.#plainBytes += this.#piecePlainBytes;
    this.#tableBytes += pieceBytes;
    this.#piecePlainBytes = 0;
    this.#pieceToldBytes = 0;
  }
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

/** One connection that copies one piece after another. */
class PieceReader {
  readonly #options: DumpTablesOptions;
  #client: Client | undefined;
  /** Copied in the transaction that is open. */
  #copied: TablePiece[] = [];

  constructor(options: DumpTablesOptions) {
    this.#options = options;
  }

  async read(piece: TablePiece, output: PieceOutput<RowBlock>): Promise<void> {
    const { codec, level, signal, snapshot, buffers, readLimit } = this.#options;
    snapshot.ensureAlive();
    const client = await this.#inSnapshot();
    this.#copied.push(piece);
    await copyOut(client, piece.copySql, {
      blockBytes: Math.max(smallestBlockBytes, Math.min(blockBytes, piece.sizeBytes * 2)),
      signal,
      allocate: (sizeBytes) => buffers.take(sizeBytes),
      onBlock: async (block, rows) => {
        await readLimit?.take(block.length);
        await output.push(block.length, async () => {
          const plainBytes = block.length;
          const stored = await compressBlock(codec, level, block);
          if (codec === "none")
            return { stored, heldBytes: plainBytes, plainBytes, rows, release: () => buffers.giveBack(block) };
          buffers.giveBack(block);
          // A compressor leaves room in what it fills.
          return { stored, heldBytes: stored.buffer.byteLength, plainBytes, rows };
        });
      },
    });
  }

  async #inSnapshot(): Promise<Client> {
    const { settings, snapshot, encoding } = this.#options;
    this.#client ??= await connect(settings, { applicationName: "ngwbackup copy", bulkReads: true });
    if (this.#copied.length === piecesPerTransaction) await this.endTransaction();
    if (this.#copied.length === 0) await importSnapshot(this.#client, snapshot.id, encoding);
    return this.#client;
  }

  /** @throws AppError when a table was rewritten while it was not locked: its rows may be missing */
  async endTransaction(): Promise<void> {
    const copied = this.#copied;
    if (this.#client === undefined || copied.length === 0) return;
    const rewritten = this.#options.locked ? [] : await rewrittenTables(this.#client, copied);
    if (rewritten.length > 0)
      throw new AppError("table-rewritten", `${rewritten[0]} was rewritten while the backup ran`, {
        details: rewritten.slice(1),
        hints: [
          "try again",
          "have the server lock all tables for us: raise max_locks_per_transaction in postgresql.conf and restart it",
        ],
      });
    await this.#client.query("rollback");
    this.#copied = [];
  }

  async close(): Promise<void> {
    await this.#client?.end().catch(() => undefined);
  }
}
