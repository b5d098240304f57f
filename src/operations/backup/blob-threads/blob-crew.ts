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
  #nextPins = 0;

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

  readonly hold: PinMakers["hold"] = async (table, from, paths) => {
    const { hasRoom } = await this.threadOf(this.#nextPins++).ask({ type: "hold", table, from, paths });
    return hasRoom;
  };

  readonly link: PinMakers["link"] = async (folder, from, paths) => {
    const { failure } = await this.threadOf(this.#nextPins++).ask({ type: "link", folder, from, paths });
    return failure;
  };

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}
