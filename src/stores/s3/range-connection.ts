import { isIP, connect, type OnReadOpts, type Socket } from "node:net";
import { connect as connectSecurely } from "node:tls";
import { headEnd, type RangeHead, readRangeHead, staysOpen } from "./range-head.ts";

/** Of the memory for heads; bodies are read into that of whoever asked. */
const readBytes = 16 * 1024;
const mostHeadBytes = 64 * 1024;

/** Where a connection goes. */
export interface RangeServer {
  isSecure: boolean;
  host: string;
  port: number;
}

/** How long is waited, and who is trusted. */
export interface RangeLineOptions {
  connectMs: number;
  /** After which a connection on which nothing moves counts as broken. */
  idleMs: number;
  /** Certificates of authorities; undefined: the usual ones. */
  ca: readonly string[] | undefined;
}

/** Memory that takes the bytes of a range, as they come. */
export interface Landing {
  readonly into: Uint8Array;
  /** Where the range begins, which the answer must say, too. */
  readonly fromBytes: number;
  /** How many have come. */
  arrivedBytes: number;
}

/** A range that has begun to come. */
export interface ComingRange {
  head: RangeHead;
  /** Settles when all of it is there; rejects when the connection breaks before, with the signal's reason when that ended it. */
  arrived: Promise<void>;
}

interface Asked {
  landing: Landing;
  /** The head as far as it has come. */
  head: Buffer;
  begun: RangeHead | undefined;
  onHead(head: RangeHead | undefined): void;
  onEnd(error?: unknown): void;
}

/**
 * A connection over which ranges come straight into the memory that they are for. Node's own HTTP client makes two new buffers of every
 * 64 KB that arrive, which costs more than all the rest. It knows one kind of answer; whoever gets another asks again in the
 * usual way.
 */
export class RangeConnection {
  readonly #socket: Socket;
  readonly #forHeads = Buffer.allocUnsafeSlow(readBytes);
  #asked: Asked | undefined;
  #failure: { error: unknown } | undefined;

  constructor({ isSecure, host, port }: RangeServer, { connectMs, idleMs, ca }: RangeLineOptions) {
    const onread: OnReadOpts = {
      buffer: () => this.#nextMemory(),
      callback: (bytes, buffer) => this.#take(buffer, bytes),
    };
    const to = { host, port, onread };
    const name = isIP(host) === 0 ? { servername: host } : {};
    const trusted = ca === undefined ? {} : { ca: [...ca] };
    this.#socket = isSecure ? connectSecurely({ ...to, ...name, ...trusted }) : connect(to);
    this.#socket.setNoDelay(true);
    this.#socket.setTimeout(connectMs, () => {
      this.#fail(Object.assign(new Error("nothing moves on the connection"), { name: "TimeoutError" }));
    });
    this.#socket.once(isSecure ? "secureConnect" : "connect", () => this.#socket.setTimeout(idleMs));
    this.#socket.once("error", (error) => this.#fail(error));
    const onEnd = (): void => this.#fail(Object.assign(new Error("the connection broke"), { code: "ECONNRESET" }));
    this.#socket.once("end", onEnd);
    this.#socket.once("close", onEnd);
  }

  /** Whether a range can be asked for. */
  get isUsable(): boolean {
    return this.#failure === undefined && this.#asked === undefined;
  }

  /**
   * Asks for a range, when nothing else is asked for.
   * @param request head of an HTTP/1.1 request, with its end
   * @returns undefined when another answer comes; the connection is closed then
   * @throws what broke the connection; the signal's reason
   */
  async ask(request: string, landing: Landing, signal: AbortSignal): Promise<ComingRange | undefined> {
    if (this.#failure !== undefined) throw this.#failure.error;
    const onAbort = (): void => this.#fail(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    const head = Promise.withResolvers<RangeHead | undefined>();
    const end = Promise.withResolvers<void>();
    // Who waits for the head hears of its failure there.
    end.promise.catch(() => undefined).finally(() => signal.removeEventListener("abort", onAbort));
    this.#asked = {
      landing,
      head: Buffer.alloc(0),
      begun: undefined,
      onHead: (found) => head.resolve(found),
      onEnd: (error) => {
        this.#asked = undefined;
        if (error === undefined) return end.resolve();
        head.reject(error);
        end.reject(error);
      },
    };
    this.#socket.write(request, "latin1");
    const begun = await head.promise;
    return begun && { head: begun, arrived: end.promise };
  }

  close(): void {
    this.#fail(Object.assign(new Error("the connection is closed"), { code: "ECONNRESET" }));
  }

  /** Where the socket puts what comes next. */
  #nextMemory(): Uint8Array {
    const { landing, begun } = this.#asked ?? {};
    if (landing === undefined || begun === undefined) return this.#forHeads;
    return landing.into.subarray(landing.arrivedBytes, begun.contentBytes);
  }

  /** @returns whether more is to be read */
  #take(buffer: Uint8Array, bytes: number): boolean {
    const asked = this.#asked;
    if (asked === undefined) {
      // Nobody has asked for that.
      this.close();
      return false;
    }
    const { landing } = asked;
    if (asked.begun === undefined) {
      const body = this.#takeHead(asked, buffer.subarray(0, bytes));
      if (body === undefined) return this.#failure === undefined;
      landing.into.set(body);
      landing.arrivedBytes = body.length;
    } else landing.arrivedBytes += bytes;
    const { begun } = asked;
    if (begun === undefined || landing.arrivedBytes < begun.contentBytes) return true;
    asked.onEnd();
    if (!staysOpen(begun)) this.close();
    return this.#failure === undefined;
  }

  /** @returns what follows the head, once it is there */
  #takeHead(asked: Asked, bytes: Uint8Array): Uint8Array | undefined {
    asked.head = Buffer.concat([asked.head, bytes]);
    const endBytes = asked.head.indexOf(headEnd);
    if (endBytes < 0 && asked.head.length <= mostHeadBytes) return undefined;
    const head = endBytes < 0 ? undefined : readRangeHead(asked.head.toString("latin1", 0, endBytes));
    if (head === undefined || !isRangeFor(head, asked.landing)) {
      asked.onHead(undefined);
      this.close();
      return undefined;
    }
    const body = asked.head.subarray(endBytes + headEnd.length);
    if (body.length > head.contentBytes) {
      this.#fail(Object.assign(new Error("more came than was announced"), { code: "ECONNRESET" }));
      return undefined;
    }
    asked.begun = head;
    asked.onHead(head);
    return body;
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { error };
    this.#socket.destroy();
    this.#asked?.onEnd(error);
  }
}

function isRangeFor({ headers, contentBytes }: RangeHead, { into, fromBytes }: Landing): boolean {
  const isThere = headers["content-range"]?.startsWith(`bytes ${fromBytes}-`) === true;
  return isThere && contentBytes > 0 && contentBytes <= into.length;
}
