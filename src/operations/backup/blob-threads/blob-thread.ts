import { Worker } from "node:worker_threads";
import type { BlobAnswers, BlobRequest } from "./messages.ts";

/** Heap of a thread: it holds paths and digests only, bytes stand in slabs. */
const heapMegabytes = 32;

interface Waiting {
  resolve: (answer: BlobAnswers[keyof BlobAnswers]) => void;
  reject: (error: unknown) => void;
}

/** A thread that reads blobs, seen from the main thread. Whoever makes it closes it. */
export class BlobThread {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  #failure: { error: unknown } | undefined;

  constructor() {
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    this.#worker = new Worker(new URL(`./thread.${extension}`, import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes, maxYoungGenerationSizeMb: 4 },
    });
    this.#worker.on("message", (answer: BlobAnswers[keyof BlobAnswers]) => this.#waiting.shift()?.resolve(answer));
    this.#worker.on("error", (error) => this.#fail(error));
    this.#worker.on("exit", () => this.#fail(new Error("a thread that reads blobs has ended")));
  }

  /**
   * Asks the thread; several questions may wait for their answers, which come in the order of asking.
   * @throws what ended the thread
   */
  ask<Type extends BlobRequest["type"]>(request: Extract<BlobRequest, { type: Type }>): Promise<BlobAnswers[Type]> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    return new Promise((resolve, reject) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each question has its kind of answer
      this.#waiting.push({ resolve: resolve as Waiting["resolve"], reject });
      this.#worker.postMessage(request);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure.error);
  }
}
