import { once } from "node:events";
import type { MessagePort } from "node:worker_threads";
import type { ByteSource } from "../../bytes.ts";
import { packError, type ThreadError, unpackError } from "./thread-error.ts";

/** Most bytes that are asked for at once. */
const mostBytes = 1024 * 1024;
/** Of the memory that is shared: the first is for what is copied on, the others are the thread's own to give out. */
const pieces = 5;

interface Question {
  source: number;
  offsetBytes: number;
  lengthBytes: number;
  /** Where in the shared memory they are to come. */
  atBytes: number;
}

/** What a thread needs to ask for ranges; made in the main thread, and handed to it at its start. */
export interface RangeLine {
  port: MessagePort;
  /** Where the answers' bytes come: a copy less than with messages, and no new memory for each. */
  memory: SharedArrayBuffer;
}

/**
 * Answers a thread's questions for ranges of sources that it cannot read by itself, in their order.
 * @param port the other end of the thread's; whoever made it closes it
 * @param onFailure told what a source throws, as it was thrown: the thread hears of it, too
 * @returns the memory for the thread's {@link RangeLine}
 */
export function answerRanges(
  sources: readonly ByteSource[],
  port: MessagePort,
  onFailure: (error: unknown) => void,
): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(pieces * mostBytes);
  let before: Promise<void> = Promise.resolve();
  const answer = async ({ source, offsetBytes, lengthBytes, atBytes }: Question): Promise<void> => {
    let error: ThreadError | undefined;
    try {
      const into = new Uint8Array(memory, atBytes, lengthBytes);
      const from = sources[source]!;
      if (from.readInto === undefined) into.set(await from.read(offsetBytes, lengthBytes));
      else await from.readInto(offsetBytes, into);
    } catch (thrown) {
      onFailure(thrown);
      error = packError(thrown);
    }
    port.postMessage(error);
  };
  port.on("message", (question: Question) => {
    before = before.then(() => answer(question));
  });
  return memory;
}

/** Ranges of sources that only the main thread can read, for a thread; one is asked for at a time. */
export class AskedRanges {
  readonly #port: MessagePort;
  readonly #memory: Buffer;

  constructor({ port, memory }: RangeLine) {
    this.#port = port;
    this.#memory = Buffer.from(memory);
  }

  /** Buffers of a MiB that are filled without another copy. */
  ring(): Buffer[] {
    return Array.from({ length: pieces - 1 }, (_, index) =>
      this.#memory.subarray((index + 1) * mostBytes, (index + 2) * mostBytes),
    );
  }

  /**
   * Fills a buffer from an offset of a source on.
   * @param source its number
   * @throws what reading it throws, but for the class of its errors
   */
  async fill(source: number, offsetBytes: number, buffer: Buffer): Promise<void> {
    const isShared = buffer.buffer === this.#memory.buffer;
    for (let done = 0; done < buffer.length;) {
      const lengthBytes = Math.min(mostBytes, buffer.length - done);
      const atBytes = isShared ? buffer.byteOffset + done : 0;
      const question: Question = { source, offsetBytes: offsetBytes + done, lengthBytes, atBytes };
      this.#port.postMessage(question);
      const [error] = (await once(this.#port, "message")) as [ThreadError | undefined];
      if (error !== undefined) throw unpackError(error);
      if (!isShared) this.#memory.copy(buffer, done, 0, lengthBytes);
      done += lengthBytes;
    }
  }
}
