import { once } from "node:events";
import type { Duplex } from "node:stream";
import type { Connection, Submittable } from "pg";
import { AppError } from "../errors.ts";
import { freeMemory } from "../free-memory.ts";
import type { Client } from "./connection.ts";

/** The server holds a CopyData message in memory whole, so a longer buffer goes in several. */
const MAX_MESSAGE_BYTES = 256 * 1024;
/** How long the server may take to give up after an abort before its session is ended. */
const ABORT_PATIENCE_MS = 3000;

/** One `COPY ... FROM STDIN` and what it is fed with. */
export interface CopyIn {
  sql: string;
  /** Gives its buffers away: when they have left, their memory is given back. */
  source: AsyncIterable<Uint8Array>;
  /** Makes what is thrown of what went wrong with this one; the error as it is when left out. */
  failed?: (error: unknown) => unknown;
}

/**
 * Runs `COPY ... FROM STDIN`, at least one, with the sources' bytes, which may be cut anywhere. A `\.` line ends the rows, and
 * what follows it is ignored, as in the files of a directory dump.
 * Several go out with a single message, and the rows of the next are sent without waiting for one to end: for small tables
 * the server would wait for us most of the time. When one fails, the server runs none of those after it and drops what was
 * sent for them.
 * After an error of the server or a source the client can be used further (its transaction is aborted, of course).
 * @returns the number of rows that the server took of each
 * @throws what the server, the connection or a source said, or the signal's reason
 */
export async function copyIn(client: Client, copies: readonly CopyIn[], signal?: AbortSignal): Promise<number[]> {
  signal?.throwIfAborted();
  const query = new CopyInQuery(copies);
  const onAbort = (): void => query.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    client.query(query);
    return await query.finished;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

type CopyConnection = Connection & { sendCopyFail(message: string): void; endCopyFrom(): void };

/** A query of `pg` (`Submittable`, and the handlers that its client calls) that sends rows. */
class CopyInQuery implements Submittable {
  readonly finished: Promise<number[]>;
  /** pg sets it on queries without one, and never calls it. */
  callback = (): void => {};
  readonly #copies: readonly CopyIn[];
  #resolve!: (rows: number[]) => void;
  #reject!: (error: unknown) => void;
  #connection: Connection | undefined;
  /** What the server said at the end of each. */
  readonly #tags: string[] = [];
  #isPumping = false;
  /** Why we gave up, told in place of the server's answer to that. */
  #failure: { error: unknown } | undefined;
  /** Settled when nothing more is to be sent. */
  readonly #stopped: Promise<"stopped">;
  #stop!: () => void;
  #isStopped = false;
  /** The server ended the COPY by itself: a message of ours would meet the next query. */
  #serverDone = false;
  #patience: NodeJS.Timeout | undefined;

  constructor(copies: readonly CopyIn[]) {
    this.#copies = copies;
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#stopped = new Promise((resolve) => {
      this.#stop = () => {
        this.#isStopped = true;
        resolve("stopped");
      };
    });
  }

  /** @returns an error to have pg skip a query that was aborted while it waited for its turn */
  submit(connection: Connection): Error | undefined {
    if (this.#failure !== undefined) return new Error("aborted before it began");
    this.#connection = connection;
    connection.query(this.#copies.map(({ sql }) => sql).join(";\n"));
    return undefined;
  }

  abort(reason: unknown): void {
    this.#failure ??= { error: reason };
    this.#stop();
    if (this.#connection === undefined) this.#reject(reason);
    // the pump tells the server; one that waits for a lock does not listen
    else this.#patience = setTimeout(() => this.#connection?.stream.destroy(), ABORT_PATIENCE_MS);
  }

  handleCopyInResponse(connection: CopyConnection): void {
    // the first one tells that the server listens; it takes the rest in turn
    if (this.#isPumping) return;
    this.#isPumping = true;
    this.#pumpAll(connection).catch((error: unknown) => {
      if (this.#serverDone) return;
      this.#failure ??= { error };
      connection.sendCopyFail("the client could not read the rows");
    });
  }

  async #pumpAll(connection: CopyConnection): Promise<void> {
    for (const { source, failed } of this.#copies) {
      let complete: boolean;
      try {
        complete = await this.#pump(connection, source);
      } catch (error) {
        throw failed === undefined ? error : failed(error);
      }
      if (this.#serverDone) return;
      if (!complete) {
        if (this.#failure !== undefined) connection.sendCopyFail("given up by the client");
        return;
      }
      connection.endCopyFrom();
    }
  }

  /** @returns whether everything was sent */
  async #pump(connection: Connection, source: AsyncIterable<Uint8Array>): Promise<boolean> {
    const { stream } = connection;
    const iterator = source[Symbol.asyncIterator]();
    let ended = false;
    try {
      for (;;) {
        const next = await Promise.race([iterator.next(), this.#stopped]);
        if (next === "stopped" || this.#isStopped) return false;
        if (next.done === true) {
          ended = true;
          return true;
        }
        if (!(await this.#send(stream, next.value))) return false;
      }
    } finally {
      // not awaited: a source that is stuck must not hold us up
      if (!ended) iterator.return?.()?.then(undefined, () => {});
    }
  }

  async #send(stream: Duplex, bytes: Uint8Array): Promise<boolean> {
    for (let start = 0; start < bytes.length; start += MAX_MESSAGE_BYTES) {
      const piece = bytes.subarray(start, start + MAX_MESSAGE_BYTES);
      const header = Buffer.allocUnsafe(5);
      header.writeUInt8(0x64, 0);
      header.writeUInt32BE(piece.length + 4, 1);
      stream.cork();
      stream.write(header);
      const isLast = start + MAX_MESSAGE_BYTES >= bytes.length;
      const room = isLast ? stream.write(piece, () => freeMemory(bytes)) : stream.write(piece);
      stream.uncork();
      if (!room && !stream.destroyed) {
        const listening = new AbortController();
        const drained = Promise.race(
          ["drain", "close"].map((event) => once(stream, event, { signal: listening.signal })),
        );
        await Promise.race([drained, this.#stopped]).finally(() => {
          drained.catch(() => {});
          listening.abort();
        });
      }
      if (this.#isStopped || stream.destroyed) return false;
    }
    return true;
  }

  handleCommandComplete(message: { text?: string }): void {
    this.#tags.push(message.text ?? "");
  }

  handleReadyForQuery(): void {
    this.#settle();
    const rows = this.#tags.flatMap((tag) => /^COPY (\d+)$/.exec(tag)?.[1] ?? []).map(Number);
    if (this.#failure !== undefined) this.#reject(this.#failure.error);
    else if (rows.length === this.#copies.length && rows.length === this.#tags.length) this.#resolve(rows);
    else {
      const done = this.#tags.find((tag) => !/^COPY \d+$/.test(tag)) ?? `${rows.length} of ${this.#copies.length}`;
      this.#reject(new AppError("copy-mismatch", `a COPY FROM STDIN was expected, the server did ${done}`));
    }
  }

  handleError(error: unknown): void {
    this.#settle();
    const failed = this.#copies[this.#tags.length]?.failed;
    this.#reject(this.#failure === undefined ? (failed === undefined ? error : failed(error)) : this.#failure.error);
  }

  #settle(): void {
    this.#serverDone = true;
    this.#stop();
    clearTimeout(this.#patience);
  }

  // a statement that is no COPY: its rows are dropped and handleReadyForQuery sees the wrong tag
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyData(): void {}
}
