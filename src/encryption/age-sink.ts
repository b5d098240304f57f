import { availableParallelism } from "node:os";
import { AnsweringThread } from "../answering-thread.ts";
import type { ByteSink } from "../bytes.ts";
import { chunkBytes } from "./age-format.ts";
import { placeInSlab, sealSlab, slabBytes, slabChunks } from "./seal-slab.ts";
import type { SealAnswer, SealRequest, SealThreadGiven } from "./seal-threads/messages.ts";
import type { Sealing } from "./sealing.ts";

/** One seals faster than archives are made on two cores; more would take from what makes them. */
const coresPerThread = 2;
const mostThreads = 4;
/** Being filled, being written, and two a thread so that none waits for the main thread. */
const slabsBeside = 2;
const slabsPerThread = 2;
const slabPlainBytes = slabChunks * chunkBytes;
/** No bound of the old generation: the ciphers' output is memory beside the heap, and a small bound makes all of it marked again and again. */
const heap = { maxYoungGenerationSizeMb: 1 };

/**
 * An age file around what is written to it, which goes to another sink that it ends with itself. Chunks are sealed in threads of
 * their own, in memory that goes there and comes back, and written in order; what is small is sealed without threads.
 * @param sealing the file's keys; they are forgotten at its end
 */
export function createAgeSink(sink: ByteSink, sealing: Sealing): ByteSink {
  return new AgeSink(sink, sealing);
}

class AgeSink implements ByteSink {
  readonly label: string;
  readonly #sink: ByteSink;
  readonly #sealing: Sealing;
  readonly #threadCount = Math.min(mostThreads, Math.ceil(availableParallelism() / coresPerThread));
  readonly #threads: AnsweringThread<SealRequest, SealAnswer>[] = [];
  readonly #free: ArrayBuffer[] = [];
  #slabs = 0;
  #slab: ArrayBuffer | undefined;
  #usedBytes = 0;
  #nextChunk = 0;
  /** Settles when all that was handed on was written, or has failed; it never rejects. */
  #tail: Promise<void> = Promise.resolve();
  #onFree: (() => void) | undefined;
  #failure: { error: unknown } | undefined;
  #isOver = false;

  constructor(sink: ByteSink, sealing: Sealing) {
    this.label = sink.label;
    this.#sink = sink;
    this.#sealing = sealing;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#isOver) throw new Error(`${this.label} is closed`);
    for (let done = 0; done < chunk.length;) {
      this.#throwFailure();
      // The last chunk is sealed as such, and is not empty: so a full slab waits for what follows.
      if (this.#usedBytes === slabPlainBytes) this.#handOn(false);
      const slab = (this.#slab ??= await this.#takeSlab());
      const length = Math.min(chunk.length - done, chunkBytes - (this.#usedBytes % chunkBytes));
      new Uint8Array(slab).set(chunk.subarray(done, done + length), placeInSlab(this.#usedBytes));
      this.#usedBytes += length;
      done += length;
    }
    this.#throwFailure();
  }

  async finish(): Promise<void> {
    if (this.#isOver) throw new Error(`${this.label} is closed`);
    this.#isOver = true;
    try {
      this.#slab ??= await this.#takeSlab();
      this.#handOn(true);
      await this.#tail;
      this.#throwFailure();
      await this.#closeThreads();
      await this.#sink.finish();
    } finally {
      await this.#closeThreads();
      this.#sealing.forget();
    }
  }

  async abort(): Promise<void> {
    this.#isOver = true;
    this.#failure ??= { error: new Error(`${this.label} was aborted`) };
    try {
      // At once: a write that hangs may end by this only.
      await this.#sink.abort();
    } finally {
      await this.#closeThreads();
      this.#sealing.forget();
    }
  }

  /** Has the slab sealed and, when those before it are written, written. */
  #handOn(isLast: boolean): void {
    const slab = this.#slab;
    if (slab === undefined) throw new Error("no slab was filled");
    const request: SealRequest = { slab, plainBytes: this.#usedBytes, firstChunk: this.#nextChunk, isLast };
    this.#slab = undefined;
    this.#usedBytes = 0;
    this.#nextChunk += slabChunks;
    const sealed = this.#seal(request);
    const isFirst = request.firstChunk === 0;
    this.#tail = Promise.all([sealed, this.#tail])
      .then(async ([answer]) => {
        if (this.#failure !== undefined) return;
        if (isFirst) await this.#sink.write(this.#sealing.header);
        await this.#sink.write(Buffer.from(answer.slab, 0, answer.sealedBytes));
        this.#free.push(answer.slab);
      })
      .catch((error: unknown) => void (this.#failure ??= { error }))
      .then(() => this.#onFree?.());
  }

  async #seal(request: SealRequest): Promise<SealAnswer> {
    const { payloadKey } = this.#sealing;
    if (request.isLast && this.#threads.length === 0) return sealSlab(payloadKey, request);
    return await this.#threadFor(request).ask(request, [request.slab]);
  }

  #threadFor({ firstChunk }: SealRequest): AnsweringThread<SealRequest, SealAnswer> {
    const place = (firstChunk / slabChunks) % this.#threadCount;
    const started = this.#threads[place];
    if (started !== undefined) return started;
    const data: SealThreadGiven = { key: this.#sealing.payloadKey };
    const thread = new AnsweringThread<SealRequest, SealAnswer>(new URL("./seal-threads/thread", import.meta.url), {
      data,
      heap,
    });
    this.#threads[place] = thread;
    return thread;
  }

  async #takeSlab(): Promise<ArrayBuffer> {
    while (this.#free.length === 0) {
      this.#throwFailure();
      if (this.#slabs < this.#threadCount * slabsPerThread + slabsBeside) {
        this.#slabs += 1;
        return new ArrayBuffer(slabBytes);
      }
      await new Promise<void>((resolve) => (this.#onFree = resolve));
    }
    return this.#free.pop()!;
  }

  async #closeThreads(): Promise<void> {
    await Promise.all(this.#threads.splice(0).map((thread) => thread.close()));
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
