import { BlobThread } from "./blob-thread.ts";
import type { ReadFailure } from "./messages.ts";

/** Two that work in turn keep a thread busy while the main thread looks after the other's answer. */
const readersPerThread = 2;
const mostThreads = 4;

/** The threads of one backup that link and read blobs. Whoever makes it closes it. */
export class BlobCrew {
  /** Readers that may work at the same time. */
  readonly readers: number;
  readonly #threads: BlobThread[];
  #nextLink = 0;

  /** @param jobs what the backup may do at once; threads wait for disks more than they compute, so two are the least */
  constructor(jobs: number) {
    const count = Math.min(mostThreads, Math.max(2, jobs));
    this.#threads = Array.from({ length: count }, () => new BlobThread());
    this.readers = count * readersPerThread;
  }

  /** The thread that a reader asks. */
  threadOf(reader: number): BlobThread {
    return this.#threads[reader % this.#threads.length]!;
  }

  /** Makes hard links; returns the first failure that is not a missing file. */
  async link(links: readonly (readonly [from: string, to: string])[]): Promise<ReadFailure | undefined> {
    const { failure } = await this.threadOf(this.#nextLink++).ask({ type: "link", links });
    return failure;
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}
