import { AnsweringThread } from "../../../answering-thread.ts";
import type { BlobAnswers, BlobRequest, BlobThreadData } from "./messages.ts";

/** It holds paths and digests only, bytes stand in shared memory. */
const heap = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 };

/** A thread that reads blobs. Whoever makes it closes it. */
export class BlobThread {
  readonly #thread: AnsweringThread<BlobRequest, BlobAnswers[keyof BlobAnswers]>;

  constructor(data: BlobThreadData) {
    // Files that one thread opens are read and closed by another, and by us at the end.
    this.#thread = new AnsweringThread(new URL("./thread", import.meta.url), { data, heap, leavesFilesOpen: true });
  }

  /**
   * Asks the thread; several questions may wait for their answers, which come in the order of asking.
   * @throws what ended the thread
   */
  async ask<Type extends BlobRequest["type"]>(
    request: Extract<BlobRequest, { type: Type }>,
  ): Promise<BlobAnswers[Type]> {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each question has its kind of answer
    return (await this.#thread.ask(request)) as BlobAnswers[Type];
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }
}
