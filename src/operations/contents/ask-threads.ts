import { availableParallelism } from "node:os";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { AnsweringThread } from "../../answering-thread.ts";
import type { ByteSource } from "../../bytes.ts";
import { forEachAtOnce } from "../../for-each-at-once.ts";
import { answerRanges, type RangeLine } from "./asked-ranges.ts";
import { SharedByteCount } from "./shared-byte-count.ts";

const mostThreads = 8;
/** Of a store that is read by a program, which reads ahead for few readers: for more it would fetch some bytes twice. */
const mostThreadsByProgram = 2;
const progressEveryMs = 200;

/** Work for threads that all run the same program. */
export interface ThreadWork<Batch, Answer> {
  /** The program, without the ending of its name. */
  module: URL;
  /** Handed to each thread at its start, as `given` of its `ThreadData`. */
  given: unknown;
  /** What threads may ask ranges of, by their numbers. */
  sources: readonly ByteSource[];
  /** One message each. */
  batches: AsyncIterable<Batch> | Iterable<Batch>;
  /** Threads at once; one a core when left out, two where sources have neither `fd` nor `readInto`. */
  threads?: number | undefined;
  /** Takes what a thread answers. */
  onAnswer(batch: Batch, answer: Answer): Promise<void> | void;
  /** Told from time to time how many more bytes the threads have counted. */
  onBytes(bytes: number): void;
  /** Ends the threads, whatever they are doing. */
  signal: AbortSignal;
}

/** What a thread finds as its `workerData`. */
export interface ThreadData<Given> {
  given: Given;
  /** Memory of the {@link SharedByteCount} that all threads add to. */
  count: SharedArrayBuffer;
  /** For `AskedRanges`. */
  line: RangeLine;
}

/**
 * Has threads work through batches. All of them have ended when this settles.
 * @throws the first error of a thread, of the batches or of `onAnswer`; the signal's reason
 */
export async function askThreads<Batch, Answer>(work: ThreadWork<Batch, Answer>): Promise<void> {
  const { signal } = work;
  signal.throwIfAborted();
  const count = new SharedByteCount();
  const ports: MessagePort[] = [];
  let sourceFailure: { error: unknown } | undefined;
  const threads: AnsweringThread<Batch, Answer>[] = [];
  const idle: AnsweringThread<Batch, Answer>[] = [];
  const closeAll = async (): Promise<void> => {
    await Promise.all(threads.map((thread) => thread.close()));
    for (const port of ports) port.close();
  };
  const onAbort = (): void => void closeAll();
  signal.addEventListener("abort", onAbort, { once: true });
  const timer = setInterval(() => work.onBytes(count.take()), progressEveryMs);
  const isByProgram = work.sources.some((source) => source.fd === undefined && source.readInto === undefined);
  const most = isByProgram ? mostThreadsByProgram : mostThreads;
  const atOnce = work.threads ?? Math.min(most, Math.max(2, availableParallelism()));
  const startThread = (): AnsweringThread<Batch, Answer> => {
    const { port1: here, port2: port } = new MessageChannel();
    ports.push(here);
    const memory = answerRanges(work.sources, here, (error) => (sourceFailure ??= { error }));
    const data: ThreadData<unknown> = { given: work.given, count: count.memory, line: { port, memory } };
    const heap = { maxYoungGenerationSizeMb: 4 };
    const thread = new AnsweringThread<Batch, Answer>(work.module, { data, handedOver: [port], heap });
    threads.push(thread);
    return thread;
  };
  try {
    await forEachAtOnce(work.batches, atOnce, async (batch) => {
      signal.throwIfAborted();
      const thread = idle.pop() ?? startThread();
      const answer = await thread.ask(batch);
      idle.push(thread);
      await work.onAnswer(batch, answer);
    });
    work.onBytes(count.take());
  } catch (error) {
    // A thread that was ended says so; why it was ended is what counts.
    signal.throwIfAborted();
    // Errors lose their class on the way to a thread and back.
    throw sourceFailure === undefined ? error : sourceFailure.error;
  } finally {
    clearInterval(timer);
    signal.removeEventListener("abort", onAbort);
    await closeAll();
  }
}
