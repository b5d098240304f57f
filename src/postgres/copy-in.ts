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

/**
 * Runs `COPY ... FROM STDIN` with the source's bytes, which may be cut anywhere. A `\.` line ends the rows, and what
 * follows it is ignored, as in the files of a directory dump.
 * After an error of the server or the source the client can be used further (its transaction is aborted, of course).
 * @param source gives its buffers away: when they have left, their memory is given back
 * @returns the number of rows that the server took
 * @throws what the server, the connection or the source said, or the signal's reason
 */
export async function copyIn(
  client: Client,
  sql: string,
  source: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<{ rows: number }> {
  signal?.throwIfAborted();
  const query = new CopyInQuery(sql, source);
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
  readonly finished: Promise<{ rows: number }>;
  /** pg sets it on queries without one, and never calls it. */
  callback = (): void => {};
  readonly #sql: string;
  readonly #source: AsyncIterable<Uint8Array>;
  #resolve!: (result: { rows: number }) => void;
  #reject!: (error: unknown) => void;
  #connection: Connection | undefined;
  #tag = "";
  /** Why we gave up, told in place of the server's answer to that. */
  #failure: { error: unknown } | undefined;
  /** Settled when nothing more is to be sent. */
  readonly #stopped: Promise<"stopped">;
  #stop!: () => void;
  #isStopped = false;
  /** The server ended the COPY by itself: a message of ours would meet the next query. */
  #serverDone = false;
  #patience: NodeJS.Timeout | undefined;

  constructor(sql: string, source: AsyncIterable<Uint8Array>) {
    this.#sql = sql;
    this.#source = source;
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
    connection.query(this.#sql);
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
    this.#pump(connection).then(
      (complete) => {
        if (this.#serverDone) return;
        if (complete) connection.endCopyFrom();
        else if (this.#failure !== undefined) connection.sendCopyFail("given up by the client");
      },
      (error: unknown) => {
        if (this.#serverDone) return;
        this.#failure ??= { error };
        connection.sendCopyFail("the client could not read the rows");
      },
    );
  }

  /** @returns whether everything was sent */
  async #pump(connection: Connection): Promise<boolean> {
    const { stream } = connection;
    const iterator = this.#source[Symbol.asyncIterator]();
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
    this.#tag = message.text ?? "";
  }

  handleReadyForQuery(): void {
    this.#settle();
    const rows = /^COPY (\d+)$/.exec(this.#tag)?.[1];
    if (this.#failure !== undefined) this.#reject(this.#failure.error);
    else if (rows !== undefined) this.#resolve({ rows: Number(rows) });
    else this.#reject(new AppError("copy-mismatch", `a COPY FROM STDIN was expected, the server did ${this.#tag}`));
  }

  handleError(error: unknown): void {
    this.#settle();
    this.#reject(this.#failure?.error ?? error);
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
