import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { type Transferable, Worker } from "node:worker_threads";

/** How a thread is started. */
export interface ThreadOptions {
  /** Handed to the thread at its start. */
  data?: unknown;
  /** What of the data goes to it instead of being copied. */
  handedOver?: readonly Transferable[];
  /** Bounds of its heap; a small young generation lets go of buffers sooner. */
  heap: { maxOldGenerationSizeMb?: number; maxYoungGenerationSizeMb: number };
  /** Whether files that it has open when it ends are somebody else's to close; they are closed for it when left out. */
  leavesFilesOpen?: boolean;
}

interface Waiting<Answer> {
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

/** A thread that answers each message with one of its own, in order, seen from the main thread. Whoever makes it closes it. */
export class AnsweringThread<Question, Answer> {
  readonly #worker: Worker;
  readonly #waiting: Waiting<Answer>[] = [];
  #failure: { error: unknown } | undefined;

  /**
   * @param module the thread's program: a URL without its ending, which is that of the source or of the compiled program
   * @param options see {@link ThreadOptions}
   */
  constructor(module: URL, options: ThreadOptions) {
    const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";
    this.#worker = new Worker(new URL(`${module.href}.${ending}`), {
      workerData: options.data,
      transferList: [...(options.handedOver ?? [])],
      resourceLimits: options.heap,
      trackUnmanagedFds: options.leavesFilesOpen !== true,
      env: threadEnvironment(),
    });
    this.#worker.on("message", (answer: Answer) => this.#waiting.shift()?.resolve(answer));
    this.#worker.on("error", (error) => this.#fail(error));
    this.#worker.on("exit", () => this.#fail(new Error(`the thread ${module.pathname} has ended`)));
  }

  /**
   * Asks; several questions may wait for their answers.
   * @param handedOver memory that goes to the thread with the question
   * @throws what ended the thread
   */
  ask(question: Question, handedOver: readonly ArrayBuffer[] = []): Promise<Answer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(question, handedOver);
    });
  }

  /** Ends the thread, whatever it is doing. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure.error);
  }
}

/**
 * All that a thread knows of the environment: the compile cache is on in the main thread only, unless a variable says so, and
 * a thread that compiles for itself starts 80 ms later and takes 20 MB more.
 */
function threadEnvironment(): Record<string, string> {
  const folder = getCompileCacheDir();
  // Inside of it each version of Node has a folder of its own.
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) };
}
