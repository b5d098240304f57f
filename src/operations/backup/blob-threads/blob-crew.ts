import { BlobThread } from "./blob-thread.ts";
import type { PinMakers } from "../../../files/pins.ts";

/** Two that work in turn keep a thread busy while the main thread looks after the other's answer. */
const readersPerThread = 2;
const mostThreads = 4;

/** The threads of one backup that pin and read blobs. Whoever makes it closes it. */
export class BlobCrew implements PinMakers {
  /** Readers that may work at the same time. */
  readonly readers: number;
  readonly #threads: BlobThread[];
  readonly #readingThreads: number;
  #nextPins = 0;

  /**
   * @param jobs threads that may read at once; two pin in any case, because uploads wait for that
   * @param isRoot whether we may read everything, and must not do so for others
   */
  constructor(jobs: number, isRoot: boolean) {
    this.#readingThreads = Math.min(mostThreads, jobs);
    this.#threads = Array.from({ length: Math.max(2, this.#readingThreads) }, () => new BlobThread({ isRoot }));
    this.readers = this.#readingThreads * readersPerThread;
  }

  /** The thread that a reader asks. */
  threadOf(reader: number): BlobThread {
    return this.#threads[reader % this.#readingThreads]!;
  }

  readonly hold: PinMakers["hold"] = async (table, from, paths) => {
    const { hasRoom } = await this.#nextPinner().ask({ type: "hold", table, from, paths });
    return hasRoom;
  };

  readonly link: PinMakers["link"] = async (folder, from, paths) => {
    const { failure } = await this.#nextPinner().ask({ type: "link", folder, from, paths });
    return failure;
  };

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  #nextPinner(): BlobThread {
    return this.#threads[this.#nextPins++ % this.#threads.length]!;
  }
}
