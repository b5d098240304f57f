import type { Connection, Submittable } from "pg";
import { AppError } from "../errors.ts";
import type { Client } from "./connection.ts";
import { type CopyDataHandler, CopyDataReader } from "./copy-messages.ts";

/** How rows are handed on. */
export interface CopyOutOptions {
  /** Size that blocks are filled up to; a row that is longer makes a block of its own. */
  blockBytes: number;
  /**
   * Whether a block ends behind its last row although there is room for more; it ends where none is left in any case.
   * @param start of that row in the block, which goes up to `end`
   */
  endsBlock?(block: Buffer, start: number, end: number): boolean;
  /**
   * Takes a block of whole rows, which is its own from then on. While the promise that it returns is pending, the server
   * waits.
   */
  onBlock(block: Buffer, rows: number): void | Promise<void>;
  /** Gives a buffer of at least this size, from a pool of the caller's; a fresh one each time when left out. */
  allocate?(sizeBytes: number): Buffer;
  /** Aborting ends the session, so that the server stops at once. */
  signal?: AbortSignal;
}

/** What came out of the server. */
export interface CopyOutResult {
  rows: number;
  bytes: number;
}

/** How the rows of several COPYs are handed on: as {@link CopyOutOptions} says, with the place of the statement. */
export interface CopyEachOptions extends Omit<CopyOutOptions, "onBlock"> {
  onBlock(block: Buffer, rows: number, place: number): void | Promise<void>;
  /** A statement has ended well; those behind it may still fail. */
  onEnd(place: number, result: CopyOutResult): void;
}

/**
 * Runs `COPY ... TO STDOUT` and hands its rows on in blocks that end at row ends. After an error of the server the client
 * can be used further; after an abort, or when `onBlock` throws, its connection is closed.
 * @throws what the server, the connection or `onBlock` said, or the signal's reason
 */
export async function copyOut(client: Client, sql: string, options: CopyOutOptions): Promise<CopyOutResult> {
  let ended: CopyOutResult = { rows: 0, bytes: 0 };
  await copyOutEach(client, [sql], { ...options, onEnd: (_, result) => void (ended = result) });
  return ended;
}

/**
 * Runs several `COPY ... TO STDOUT` one after another in one round trip, else as {@link copyOut} does: a small table takes
 * the server less time than the way there and back. The first that fails ends those behind it.
 * @param statements each without a semicolon
 * @throws as {@link copyOut} does
 */
export async function copyOutEach(
  client: Client,
  statements: readonly string[],
  options: CopyEachOptions,
): Promise<void> {
  const { signal } = options;
  signal?.throwIfAborted();
  if (statements.length === 0) return;
  const query = new CopyOutQuery(statements, options);
  const onAbort = (): void => query.fail(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    client.query(query);
    await query.finished;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

/** A query of `pg` (`Submittable`, and the handlers that its client calls) that reads rows by itself. */
class CopyOutQuery implements Submittable, CopyDataHandler {
  readonly finished: Promise<void>;
  /** pg sets it on queries without one, and never calls it. */
  callback = (): void => {};
  readonly #statements: readonly string[];
  readonly #options: CopyEachOptions;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;
  #connection: Connection | undefined;
  #reader: CopyDataReader | undefined;
  #failure: { error: unknown } | undefined;
  #block: Buffer | undefined;
  #used = 0;
  /** Where in the block the last row begins. */
  #rowStart = 0;
  #blockRows = 0;
  /** Place of the statement whose rows come, and what came of it. */
  #place = 0;
  #rows = 0;
  #bytes = 0;
  #mismatch: string | undefined;

  constructor(statements: readonly string[], options: CopyEachOptions) {
    this.#statements = statements;
    this.#options = options;
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** @returns an error to have pg skip a query that was aborted while it waited for its turn */
  submit(connection: Connection): Error | undefined {
    if (this.#failure !== undefined) return new Error("aborted before it began");
    this.#connection = connection;
    this.#reader = new CopyDataReader(connection.stream, this);
    connection.query(this.#statements.join(";\n"));
    return undefined;
  }

  /** Gives up: nothing more is handed on, and the connection is closed. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#reject(this.#failure.error);
    this.#connection?.stream.destroy();
  }

  rowStart(lengthBytes: number): Promise<void> | undefined {
    const fits = this.#block !== undefined && this.#used + lengthBytes <= this.#block.length;
    const pause = fits && !this.#endsHere() ? undefined : this.#flush();
    if (this.#block === undefined) {
      const size = Math.max(lengthBytes, this.#options.blockBytes);
      this.#block = this.#options.allocate?.(size) ?? Buffer.allocUnsafeSlow(size);
    }
    this.#rowStart = this.#used;
    this.#rows++;
    this.#blockRows++;
    this.#bytes += lengthBytes;
    return pause;
  }

  rowBytes(bytes: Buffer, start: number, end: number): void {
    bytes.copy(this.#block!, this.#used, start, end);
    this.#used += end - start;
  }

  #endsHere(): boolean {
    const { endsBlock } = this.#options;
    return endsBlock !== undefined && this.#block !== undefined && endsBlock(this.#block, this.#rowStart, this.#used);
  }

  rowsDone(): Promise<void> | undefined {
    return this.#flush();
  }

  failed(error: unknown): void {
    this.fail(error);
  }

  #flush(): Promise<void> | undefined {
    if (this.#block === undefined || this.#blockRows === 0) return undefined;
    const block = this.#block.subarray(0, this.#used);
    const rows = this.#blockRows;
    this.#block = undefined;
    this.#used = 0;
    this.#blockRows = 0;
    if (this.#failure !== undefined) return undefined;
    return this.#options.onBlock(block, rows, this.#place) ?? undefined;
  }

  /** Comes after the last row of a statement was handed on, and before the first of the next one. */
  handleCommandComplete(message: { text?: string }): void {
    const tag = message.text ?? "";
    const result = { rows: this.#rows, bytes: this.#bytes };
    const place = this.#place++;
    this.#rows = 0;
    this.#bytes = 0;
    if (tag !== `COPY ${result.rows}`)
      this.#mismatch ??= `${result.rows} rows read, the server says ${JSON.stringify(tag)}`;
    else if (this.#mismatch === undefined && this.#failure === undefined) this.#options.onEnd(place, result);
  }

  handleReadyForQuery(): void {
    if (this.#place !== this.#statements.length)
      this.#mismatch ??= `${this.#place} of ${this.#statements.length} statements have ended`;
    if (this.#mismatch === undefined) this.#resolve();
    else this.#reject(new AppError("copy-mismatch", `a COPY TO STDOUT did not end as expected: ${this.#mismatch}`));
  }

  handleError(error: unknown): void {
    if (this.#connection?.stream.destroyed !== false) this.#reader?.release();
    this.#reject(this.#failure?.error ?? error);
  }

  handleCopyInResponse(connection: Connection & { sendCopyFail(message: string): void }): void {
    connection.sendCopyFail("COPY TO STDOUT was expected");
  }

  // a statement that is no COPY: its rows are dropped and handleReadyForQuery sees the wrong tag
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyData(): void {}
}
