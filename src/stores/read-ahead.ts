const blockBytes = 4 * 1024 * 1024;
/** With {@link blockBytes} 64 MiB, and what reads that are under way need beyond it. */
const mostBlocks = 16;
/** Most blocks that are fetched before anybody asks for them, for one reader that reads on. */
const mostAhead = 4;
/** A read that begins so near to the end of another goes on where that one was: readers of headers guess how long those are. */
const gapBytes = 64 * 1024;
/** The least that is fetched; at the end of the content it is what stands before. */
const fragmentBytes = 128 * 1024;
/** Small ranges that were fetched, in which the next small reads often are. */
const mostFragments = 16;
const rememberedEnds = 32;
/** A block that so many reads went past is nobody's any more. */
const idleReads = 256;

interface Fragment {
  fromBytes: number;
  bytes: Buffer;
}

interface Block {
  /** Of the content: a block may begin behind its place when what comes before was read without it. */
  fromBytes: number;
  sizeBytes: number;
  memory: Buffer;
  loaded: Promise<void>;
  isLoaded: boolean;
  /** Reads that copy from it now. */
  readers: number;
  /** Bytes that were read of it. */
  usedBytes: number;
  lastRead: number;
  /** How many blocks behind it are fetched with it. */
  ahead: number;
}

/**
 * Reads of something that answers slowly, over a network. A read for itself fetches its range and little more; one that goes on where
 * an earlier one ended has whole blocks fetched, more and more of them ahead, so that many readers that read on, each in a place of its own, find
 * their bytes there. Memory is bounded, and used again.
 */
export class ReadAhead {
  readonly #sizeBytes: number;
  readonly #fetch: (offsetBytes: number, into: Uint8Array) => Promise<void>;
  readonly #blocks = new Map<number, Block>();
  readonly #free: Buffer[] = [];
  readonly #fragments: Fragment[] = [];
  readonly #ends: number[] = [];
  readonly #running = new Set<Promise<void>>();
  #reads = 0;

  /** @param fetch fills a buffer from an offset on, or throws */
  constructor(sizeBytes: number, fetch: (offsetBytes: number, into: Uint8Array) => Promise<void>) {
    this.#sizeBytes = sizeBytes;
    this.#fetch = fetch;
  }

  /** Fills a buffer from an offset on, with a range that lies within the content. */
  async read(offsetBytes: number, into: Uint8Array): Promise<void> {
    if (into.length === 0) return;
    this.#reads += 1;
    const endBytes = offsetBytes + into.length;
    const goesOn = this.#goesOn(offsetBytes);
    this.#rememberEnd(endBytes);
    if (this.#copyFragment(offsetBytes, into)) return;
    const parts: Promise<void>[] = [];
    for (let at = offsetBytes; at < endBytes;) {
      const index = Math.floor(at / blockBytes);
      const to = Math.min(endBytes, (index + 1) * blockBytes);
      parts.push(this.#readPart(index, at, into.subarray(at - offsetBytes, to - offsetBytes), goesOn));
      at = to;
    }
    // All are waited for, since they write into one buffer.
    for (const end of await Promise.allSettled(parts)) if (end.status === "rejected") throw end.reason;
  }

  /** Waits until nothing is being fetched; what is fetched is to be ended by whoever fetches. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#running);
    this.#blocks.clear();
    this.#fragments.length = 0;
  }

  async #readPart(index: number, fromBytes: number, into: Uint8Array, goesOn: boolean): Promise<void> {
    let block = this.#blocks.get(index);
    if (block !== undefined && block.fromBytes > fromBytes) {
      // One that reads on from further before needs it, too: it is fetched anew, from there.
      if (goesOn) this.#forget(index, block);
      block = undefined;
    }
    if (block === undefined && goesOn) block = this.#load(index, fromBytes, this.#aheadBefore(index), true);
    if (block === undefined) {
      await this.#readAlone(fromBytes, into);
      return;
    }
    block.readers += 1;
    block.lastRead = this.#reads;
    try {
      this.#loadAhead(index, block.ahead);
      await block.loaded;
      const start = fromBytes - block.fromBytes;
      block.memory.copy(into, 0, start, start + into.length);
      block.usedBytes += into.length;
    } finally {
      block.readers -= 1;
    }
  }

  async #readAlone(fromBytes: number, into: Uint8Array): Promise<void> {
    if (into.length >= fragmentBytes) return await this.#run(this.#fetch(fromBytes, into));
    const toBytes = Math.min(this.#sizeBytes, fromBytes + fragmentBytes);
    const fragment = { fromBytes: Math.max(0, Math.min(fromBytes, toBytes - fragmentBytes)), bytes: Buffer.alloc(0) };
    fragment.bytes = Buffer.allocUnsafeSlow(toBytes - fragment.fromBytes);
    await this.#run(this.#fetch(fragment.fromBytes, fragment.bytes));
    fragment.bytes.copy(into, 0, fromBytes - fragment.fromBytes);
    this.#fragments.push(fragment);
    if (this.#fragments.length > mostFragments) this.#fragments.shift();
  }

  #copyFragment(fromBytes: number, into: Uint8Array): boolean {
    const toBytes = fromBytes + into.length;
    const found = this.#fragments.find(
      (fragment) => fragment.fromBytes <= fromBytes && toBytes <= fragment.fromBytes + fragment.bytes.length,
    );
    found?.bytes.copy(into, 0, fromBytes - found.fromBytes);
    return found !== undefined;
  }

  #goesOn(offsetBytes: number): boolean {
    const block = this.#blocks.get(Math.floor(offsetBytes / blockBytes));
    if (block !== undefined && block.fromBytes <= offsetBytes) return true;
    return this.#ends.some((end) => Math.abs(offsetBytes - end) <= gapBytes);
  }

  #rememberEnd(endBytes: number): void {
    this.#ends.push(endBytes);
    if (this.#ends.length > rememberedEnds) this.#ends.shift();
  }

  #aheadBefore(index: number): number {
    return Math.min(mostAhead, (this.#blocks.get(index - 1)?.ahead ?? 0) + 1);
  }

  #loadAhead(index: number, ahead: number): void {
    for (let next = index + 1; next <= index + ahead && next * blockBytes < this.#sizeBytes; next += 1)
      if (!this.#blocks.has(next)) {
        const isLoading = this.#load(next, next * blockBytes, Math.min(mostAhead, ahead + 1), false) !== undefined;
        if (!isLoading) return;
      }
  }

  /** @param isNeeded false: only when there is room, without driving out what somebody may still read */
  #load(index: number, fromBytes: number, ahead: number, isNeeded: boolean): Block | undefined {
    while (this.#blocks.size >= mostBlocks && this.#driveOut(isNeeded));
    if (this.#blocks.size >= mostBlocks && !isNeeded) return undefined;
    const memory = this.#free.pop() ?? Buffer.allocUnsafeSlow(blockBytes);
    const sizeBytes = Math.min(this.#sizeBytes, (index + 1) * blockBytes) - fromBytes;
    const loaded = this.#run(this.#fetch(fromBytes, memory.subarray(0, sizeBytes)));
    const block: Block = {
      fromBytes,
      sizeBytes,
      memory,
      loaded,
      isLoaded: false,
      readers: 0,
      usedBytes: 0,
      lastRead: this.#reads,
      ahead,
    };
    this.#blocks.set(index, block);
    loaded.then(
      () => (block.isLoaded = true),
      // The next read tries again.
      () => this.#blocks.get(index) === block && this.#blocks.delete(index),
    );
    return block;
  }

  /** Makes room for one block. @returns whether that succeeded */
  #driveOut(isNeeded: boolean): boolean {
    let oldest: { index: number; block: Block; age: number } | undefined;
    for (const [index, block] of this.#blocks) {
      if (!block.isLoaded || block.readers > 0) continue;
      // What was read whole goes first.
      const age = block.usedBytes >= block.sizeBytes ? -1 : block.lastRead;
      if (oldest === undefined || age < oldest.age) oldest = { index, block, age };
    }
    if (oldest === undefined) return false;
    const { index, block, age } = oldest;
    if (!isNeeded && this.#reads - age <= idleReads && age >= 0) return false;
    this.#forget(index, block);
    return true;
  }

  #forget(index: number, block: Block): void {
    this.#blocks.delete(index);
    // Memory that is still filled or copied from is left to the garbage collector.
    if (block.isLoaded && block.readers === 0) this.#free.push(block.memory);
  }

  async #run(fetching: Promise<void>): Promise<void> {
    const running = fetching.finally(() => this.#running.delete(running));
    this.#running.add(running);
    await running;
  }
}
