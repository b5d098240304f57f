import type { Duplex } from "node:stream";
import { takeBytes } from "./bulk-socket.ts";

/** Message types of the PostgreSQL protocol (3.0) that matter while rows come in. */
const COPY_DATA = 0x64;
const COPY_DONE = 0x63;
const READY_FOR_QUERY = 0x5a;
/** A type byte and four of length, which count themselves. */
const HEADER_BYTES = 5;
/** No message but CopyData is nearly as long; a longer one means that we lost step with the server. */
const MAX_CONTROL_BYTES = 64 * 1024 * 1024;

/** What {@link CopyDataReader} calls, in the order of the stream. */
export interface CopyDataHandler {
  /** A row of this many bytes begins. */
  rowStart(lengthBytes: number): Promise<void> | undefined;
  /** The next bytes of the row, valid during the call only. */
  rowBytes(bytes: Buffer, start: number, end: number): void;
  /** All rows have come. */
  rowsDone(): Promise<void> | undefined;
  /** Nothing more can be read: the connection is of no use any longer. */
  failed(error: unknown): void;
}

type DataListener = (piece: Buffer) => void;

/**
 * Takes the place of `pg`'s own reader on a connection's stream while one COPY TO STDOUT runs: rows go to the handler
 * without an object or a copy each, every other message goes to `pg` whole. Pauses the stream while the handler is busy.
 * Gives the stream back with the message that says that the server is ready for the next query.
 */
export class CopyDataReader {
  readonly #stream: Duplex;
  readonly #handler: CopyDataHandler;
  readonly #originals: DataListener[];
  readonly #listener: DataListener = (piece) => this.#receive(piece);
  /** Whether the memory of what is read is used again after each call. */
  readonly #isTransient: boolean;
  #waiting: Buffer[] = [];
  #busy = false;
  #released = false;
  /** Bytes of the row at hand that are still to come. */
  #rowRemaining = 0;
  /** Beginning of a header or of a message for `pg`, cut by the end of a read. */
  #partial: Buffer = Buffer.alloc(0);

  constructor(stream: Duplex, handler: CopyDataHandler) {
    this.#stream = stream;
    this.#handler = handler;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- listeners of "data" of a stream without encoding
    this.#originals = stream.listeners("data") as DataListener[];
    this.#isTransient = takeBytes(stream, this.#listener);
    // added first, because a stream without any listener would stop flowing
    if (!this.#isTransient) stream.on("data", this.#listener);
    if (!this.#isTransient) for (const original of this.#originals) stream.off("data", original);
  }

  /** Gives the stream back to `pg`; needed only when the connection ended before the server was ready again. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    if (this.#isTransient) {
      takeBytes(this.#stream, undefined);
      return;
    }
    for (const original of this.#originals) this.#stream.on("data", original);
    this.#stream.off("data", this.#listener);
  }

  #receive(piece: Buffer): void {
    if (this.#busy) this.#waiting.push(this.#kept(piece));
    else this.#consume(piece);
  }

  #consume(piece: Buffer): void {
    try {
      let offset = 0;
      while (offset < piece.length) {
        if (this.#released) {
          this.#forward(piece.subarray(offset));
          return;
        }
        let pause: Promise<void> | undefined;
        if (this.#rowRemaining > 0) {
          const end = Math.min(piece.length, offset + this.#rowRemaining);
          this.#handler.rowBytes(piece, offset, end);
          this.#rowRemaining -= end - offset;
          offset = end;
        } else if (this.#partial.length === 0 && piece.length - offset >= HEADER_BYTES && piece[offset] === COPY_DATA) {
          pause = this.#startRow(piece.readUInt32BE(offset + 1));
          offset += HEADER_BYTES;
        } else {
          const before = this.#partial.length;
          const message = this.#collect(piece, offset);
          offset += message === undefined ? piece.length - offset : message.length - before;
          if (message !== undefined) pause = this.#message(message);
        }
        if (pause !== undefined) {
          this.#pause(pause, this.#kept(piece.subarray(offset)));
          return;
        }
      }
    } catch (error) {
      this.#handler.failed(error);
    }
  }

  #startRow(length: number): Promise<void> | undefined {
    if (length < 4) throw new Error(`a CopyData message says that it is ${length} bytes long`);
    this.#rowRemaining = length - 4;
    return this.#handler.rowStart(length - 4);
  }

  /** A whole message, or the header alone when it is CopyData; undefined when more bytes must come first. */
  #collect(piece: Buffer, offset: number): Buffer | undefined {
    const known = this.#partial.length;
    const available = known + piece.length - offset;
    if (available < HEADER_BYTES) return this.#keep(piece.subarray(offset));
    const header = Buffer.alloc(HEADER_BYTES);
    this.#partial.copy(header, 0, 0, HEADER_BYTES);
    if (known < HEADER_BYTES) piece.copy(header, known, offset, offset + HEADER_BYTES - known);
    let length = HEADER_BYTES;
    if (header[0] !== COPY_DATA) {
      length = 1 + header.readUInt32BE(1);
      if (length < HEADER_BYTES || length > MAX_CONTROL_BYTES) {
        throw new Error(`a message of type ${header[0]} says that it is ${length} bytes long`);
      }
    }
    if (available < length) return this.#keep(piece.subarray(offset));
    const rest = piece.subarray(offset, offset + length - known);
    const message = known === 0 ? rest : Buffer.concat([this.#partial, rest]);
    this.#partial = Buffer.alloc(0);
    return message;
  }

  #keep(bytes: Buffer): undefined {
    this.#partial = Buffer.concat([this.#partial, bytes]);
  }

  /** Bytes that outlive the call. */
  #kept(bytes: Buffer): Buffer {
    return this.#isTransient ? Buffer.from(bytes) : bytes;
  }

  #message(message: Buffer): Promise<void> | undefined {
    if (message[0] === COPY_DATA) return this.#startRow(message.readUInt32BE(1));
    if (message[0] === COPY_DONE) return this.#handler.rowsDone();
    // released first, because pg may submit the next query while it takes this message
    if (message[0] === READY_FOR_QUERY) this.release();
    this.#forward(message);
    return undefined;
  }

  #forward(bytes: Buffer): void {
    const kept = this.#kept(bytes);
    for (const original of this.#originals) original.call(this.#stream, kept);
  }

  #pause(until: Promise<void>, rest: Buffer): void {
    this.#busy = true;
    this.#stream.pause();
    this.#waiting.unshift(rest);
    until.then(
      () => {
        this.#busy = false;
        while (!this.#busy && this.#waiting.length > 0) this.#consume(this.#waiting.shift()!);
        if (!this.#busy) this.#stream.resume();
      },
      (error: unknown) => this.#handler.failed(error),
    );
  }
}
