import type { FastifyReply } from "fastify";
import type { ServerResponse } from "node:http";

/** A reader that is so far behind the news is dropped: its browser opens the stream again, and begins anew. */
const mostWaitingBytes = 1024 * 1024;

/**
 * An event as it goes over the line; made once for all that get it.
 * @param data a value that JSON can hold
 */
export function formatEvent(name: string, data: unknown): Buffer {
  return Buffer.from(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
}

const heartbeat = Buffer.from(":\n\n");
const heartbeatMs = 15_000;

/**
 * Server-sent events to one reader; the answer's headers go out with it. A comment now and then shows proxies and the reader that
 * the connection is still good. Ends when the reader goes away.
 */
export class EventStream {
  readonly #response: ServerResponse;
  #beginningBytes = 0;

  /**
   * Takes the answer over: nothing else may be sent as it.
   * @param beatMs time between heartbeats
   */
  constructor(reply: FastifyReply, beatMs = heartbeatMs) {
    const headers = Object.entries(reply.getHeaders()).filter(([, value]) => value !== undefined);
    reply.hijack();
    this.#response = reply.raw;
    this.#response.writeHead(200, {
      ...(Object.fromEntries(headers) as Record<string, string>),
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      // nginx would hold events back until a block of them is full.
      "x-accel-buffering": "no",
    });
    // A connection that breaks is no failure of ours.
    this.#response.on("error", () => {});
    this.#response.write("retry: 2000\n\n");
    const beating = setInterval(() => this.send(heartbeat), beatMs).unref();
    this.onEnd(() => clearInterval(beating));
  }

  /** Whether anybody is still there. */
  get isOpen(): boolean {
    return !this.#response.destroyed && !this.#response.writableEnded;
  }

  /** Tells when it is over, whoever ended it; at once when it is over already. */
  onEnd(action: () => void): void {
    if (this.isOpen) this.#response.once("close", action);
    else action();
  }

  /** Sends what the stream begins with. It may be long, and gets all the time that a slow line takes, or it would never arrive. */
  begin(events: Buffer): void {
    this.send(events);
    this.#beginningBytes = events.length;
  }

  /** Sends what {@link formatEvent} made, one or several. A reader that does not keep up is dropped. */
  send(events: Buffer): void {
    if (!this.isOpen) return;
    if (this.#response.writableLength > this.#beginningBytes + mostWaitingBytes) this.#response.destroy();
    else this.#response.write(events);
  }

  /** Ends it; what was sent still arrives. */
  end(): void {
    if (this.isOpen) this.#response.end();
  }
}
