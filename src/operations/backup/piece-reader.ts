import { compressBlock } from "../../archive/codec.ts";
import { type Client, connect } from "../../postgres/connection.ts";
import { sqlState } from "../../postgres/connection-errors.ts";
import { type CopyOutOptions, copyOut } from "../../postgres/copy-out.ts";
import type { TablePiece } from "../../postgres/ctid-pieces.ts";
import { qualifiedName } from "../../postgres/quoting.ts";
import { ensureNotRewritten } from "../../postgres/rewritten-tables.ts";
import { hasSameRows } from "../../postgres/same-rows.ts";
import { importSnapshot } from "../../postgres/snapshot.ts";
import type { BlockPlace } from "./base/table-blocks.ts";
import { endsBlock } from "./block-cut.ts";
import { blockBytes } from "./block-size.ts";
import type { PieceReaderOptions } from "./dump-tables.ts";
import type { HeldBlock, PieceOutput } from "./ordered-pieces.ts";
import { type PackedTable, TablePacker } from "./packed-table.ts";
import { type TableRun, isHeld } from "./table-runs.ts";

const smallestBlockBytes = 64 * 1024;

/** A piece of a transaction's locks are its tables: a new transaction from time to time bounds them. */
const tablesPerTransaction = 100;

/** Who waits to alter a table waits for our lock on it; nobody else can keep us from one that we have locked. */
const queueWaitMs = 100;
/** How long tables that are not locked, and that somebody alters, are waited for. */
const tableLockMs = 60_000;
/** How long a copy that has begun waits: values stored apart take a lock each on their index, which REINDEX takes away. */
const copyingLockMs = 600_000;

/** Rows on their way into the archive: a frame of their table, or where it stands in another one. */
export interface RowBlock extends HeldBlock {
  stored: Uint8Array | BlockPlace;
  plainBytes: number;
  rows: number;
  /** Of the plain rows; undefined when none are kept. */
  digest: Uint8Array | undefined;
  /** Of a piece whose rows were not read: they are those of the earlier archive. */
  isUntouched?: true;
}

/** Whole tables on their way into the archive, in the order of their run. */
export interface PackedBlock extends HeldBlock {
  packed: readonly PackedTable[];
}

/** What a run gives: blocks of its piece, or one of all its tables that are not held already. */
export type TableBlock = RowBlock | PackedBlock;

/** One connection that copies one run after another. */
export class PieceReader {
  readonly #options: PieceReaderOptions;
  #client: Client | undefined;
  #packer: TablePacker | undefined;
  /** Copied in the transaction that is open. */
  #copied: TablePiece[] = [];

  constructor(options: PieceReaderOptions) {
    this.#options = options;
  }

  async read(run: TableRun, output: PieceOutput<TableBlock>): Promise<void> {
    this.#options.snapshot.ensureAlive();
    if (run.kind === "piece") return await this.#readPiece(run.piece, output);
    const tables = run.tables.filter((table): table is TablePiece => !isHeld(table));
    if (tables.length > 0) await this.#readSmall(tables, output);
  }

  async #readSmall(tables: readonly TablePiece[], output: PieceOutput<TableBlock>): Promise<void> {
    const packer = (this.#packer ??= new TablePacker({ ...this.#options, digest: this.#options.earlier.digest }));
    let packed: PackedTable[] = [];
    const statements = tables.map(({ copySql }) => copySql);
    await this.#copy(tables, async (client) => {
      packed = [];
      await packer.copy(
        client,
        statements,
        (place) => tables[place] && this.#options.earlier.blocksOf(tables[place].schema, tables[place].name),
        (_, table) => void packed.push(table),
        this.#options.signal,
      );
    });
    const heldBytes = packed.reduce((sum, { content }) => sum + content.length, 0);
    await output.push(heldBytes, async () => ({ packed, heldBytes }));
  }

  async #readPiece(piece: TablePiece, output: PieceOutput<TableBlock>): Promise<void> {
    const { codec, level, signal, buffers, readLimit } = this.#options;
    const { digest: digests } = this.#options.earlier;
    const blocks = this.#options.blocksOfPiece(piece);
    const options: CopyOutOptions = {
      blockBytes: Math.max(smallestBlockBytes, Math.min(blockBytes, piece.sizeBytes * 2)),
      signal,
      endsBlock,
      allocate: (sizeBytes) => buffers.take(sizeBytes),
      onBlock: async (block, rows) => {
        await readLimit?.take(block.length);
        const plainBytes = block.length;
        const digest = digests?.of(block);
        const place = digest && blocks?.take(digest, plainBytes, rows);
        if (place !== undefined) {
          buffers.giveBack(block);
          return await output.push(0, async () => ({ stored: place, heldBytes: 0, plainBytes, rows, digest }));
        }
        // A block that ended early leaves room in its buffer.
        const bufferBytes = block.buffer.byteLength;
        await output.push(bufferBytes, async () => {
          const stored = await compressBlock(codec, level, block);
          const common = { stored, plainBytes, rows, digest };
          if (codec === "none") return { ...common, heldBytes: bufferBytes, release: () => buffers.giveBack(block) };
          buffers.giveBack(block);
          // A compressor leaves room in what it fills.
          return { ...common, heldBytes: stored.buffer.byteLength };
        });
      },
    };
    await this.#copy(
      [piece],
      async (client) => {
        if (!(await this.#refer(client, piece, output))) await copyOut(client, piece.copySql, options);
      },
      // It hands blocks on while it has the turn.
      () => output.whenHead(),
    );
  }

  /** Hands over the frames that an earlier archive has of a piece. @returns false when its rows have to be read */
  async #refer(client: Client, piece: TablePiece, output: PieceOutput<TableBlock>): Promise<boolean> {
    const { untouched, readLimit, locked } = this.#options;
    const blocks = this.#options.blocksOfPiece(piece);
    const range = blocks && untouched?.framesOf(piece, blocks.length);
    if (blocks === undefined || untouched === undefined || range === undefined) return false;
    // Its pages are read, if not what stands apart.
    await readLimit?.take(piece.heapBytes);
    const earlier = { endedBelow: untouched.endedBelow, rows: blocks.rowsIn(range) };
    const isSame = await hasSameRows(client, piece, earlier, locked ? copyingLockMs : tableLockMs);
    const found = isSame ? blocks.takeRange(range) : undefined;
    for (const { place, digest } of found ?? []) {
      const { plainBytes, rows } = place;
      await output.push(0, async () => ({
        stored: place,
        heldBytes: 0,
        plainBytes,
        rows,
        digest,
        isUntouched: true,
      }));
    }
    return found !== undefined;
  }

  /**
   * Copies over the connection of this reader. A table that is locked for all of us and has somebody waiting to alter it cannot
   * be had there: our lock would stand behind him, who waits for us. So it is asked for first, while no row was handed on that
   * could come twice.
   * @param beforeTurn awaited before the session of the snapshot is asked instead
   */
  async #copy(
    tables: readonly TablePiece[],
    copy: (client: Client) => Promise<void>,
    beforeTurn?: () => Promise<void>,
  ): Promise<void> {
    const { locked, snapshot, encoding } = this.#options;
    const client = await this.#inSnapshot(tables);
    if (!locked || (await canLock(client, tables))) return await copy(client);
    await client.query("rollback");
    this.#copied = [];
    await beforeTurn?.();
    await snapshot.copyAlone(encoding, copy);
  }

  /** Begins a transaction where none is open, or the one that is has enough. */
  async #inSnapshot(next: readonly TablePiece[]): Promise<Client> {
    const { settings, snapshot, encoding } = this.#options;
    this.#client ??= await connect(settings, {
      applicationName: "ngwbackup copy",
      bulkReads: true,
      lockTimeoutMs: tableLockMs,
    });
    if (this.#copied.length + next.length > tablesPerTransaction) await this.endTransaction();
    if (this.#copied.length === 0) await importSnapshot(this.#client, snapshot.id, encoding);
    this.#copied.push(...next);
    return this.#client;
  }

  /** @throws AppError when a table was rewritten while it was not locked: its rows may be missing */
  async endTransaction(): Promise<void> {
    const copied = this.#copied;
    if (this.#client === undefined || copied.length === 0) return;
    if (!this.#options.locked)
      await ensureNotRewritten(this.#client, copied, [
        "have the server lock all tables for us: raise max_locks_per_transaction in postgresql.conf and restart it",
      ]);
    await this.#client.query("rollback");
    this.#copied = [];
  }

  async close(): Promise<void> {
    await this.#client?.end().catch(() => undefined);
  }
}

/** Locks tables for this transaction; foreign ones know no locks. @returns false when somebody waits to alter one */
async function canLock(client: Client, tables: readonly TablePiece[]): Promise<boolean> {
  const names = tables.filter(({ isHeap }) => isHeap).map(({ schema, name }) => `ONLY ${qualifiedName(schema, name)}`);
  const lock = names.length === 0 ? "" : `LOCK TABLE ${names.join(", ")} IN ACCESS SHARE MODE;`;
  try {
    await client.query(`SET LOCAL lock_timeout = ${queueWaitMs}; ${lock} SET LOCAL lock_timeout = ${copyingLockMs}`);
    return true;
  } catch (error) {
    if (sqlState(error) !== "55P03") throw error;
    return false;
  }
}
