import type { FastifyReply } from "fastify";
import type { Identity } from "./access.ts";

/** How often sessions and tokens of open streams are looked at. */
const checkMs = 10_000;

/** Streams of events that are open. They end with the session that opened them. */
export class OpenStreams {
  readonly #open = new Map<FastifyReply, Identity>();
  #timer: NodeJS.Timeout | undefined;

  /** Watches a stream until it ends. */
  add(reply: FastifyReply, identity: Identity): void {
    this.#open.set(reply, identity);
    reply.raw.once("close", () => {
      this.#open.delete(reply);
      if (this.#open.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    });
    this.#timer ??= setInterval(() => this.endStale(), checkMs).unref();
  }

  /** Breaks off those whose session is over, or may be. */
  endStale(): void {
    for (const [reply, identity] of this.#open) if (!isValid(identity)) reply.raw.destroy();
  }

  /** Ends all. */
  endAll(): void {
    for (const [reply] of this.#open) reply.raw.end();
  }
}

/** What a file that cannot be read says nothing of must not end the server; the browser asks again, and is told why. */
function isValid(identity: Identity): boolean {
  try {
    return identity.isStillValid();
  } catch {
    return false;
  }
}
