import { AnsweringThread } from "../../answering-thread.ts";
import { AppError } from "../../errors.ts";
import {
  type Outcome,
  type ReaderAnswers,
  type ReaderQuestion,
  type ReaderSurroundings,
  unpackAppError,
} from "./reader-messages.ts";

/** What its heap may take: the directory of an archive with two million files. */
const heap = { maxOldGenerationSizeMb: 1024, maxYoungGenerationSizeMb: 16 };

/** A thread that nobody asks gives its memory back. */
const idleMs = 30_000;

type Thread = AnsweringThread<ReaderQuestion, Outcome<ReaderAnswers[ReaderQuestion["kind"]]>>;

/** Looks into archives in a thread of its own, which is there when it is needed. Whoever makes it closes it. */
export class ArchiveReaderThread {
  readonly #surroundings: ReaderSurroundings;
  #thread: Thread | undefined;
  #asked = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(surroundings: ReaderSurroundings) {
    this.#surroundings = surroundings;
  }

  /**
   * Asks; questions are answered one after another.
   * @throws AppError that the answer is, archive-too-large when it would take more memory than it may
   */
  async ask<Kind extends ReaderQuestion["kind"]>(
    question: Extract<ReaderQuestion, { kind: Kind }>,
  ): Promise<ReaderAnswers[Kind]> {
    clearTimeout(this.#idle);
    const thread = (this.#thread ??= this.#start());
    this.#asked += 1;
    try {
      const outcome = await thread.ask(question);
      if ("error" in outcome) throw unpackAppError(outcome.error);
      return outcome.value as ReaderAnswers[Kind];
    } catch (error) {
      if (error instanceof AppError) throw error;
      // It has ended; the next question starts another.
      if (this.#thread === thread) this.#thread = undefined;
      throw isOutOfMemory(error) ? tooLarge(error) : error;
    } finally {
      this.#asked -= 1;
      if (this.#asked === 0) this.#idle = setTimeout(() => void this.close(), idleMs).unref();
    }
  }

  /** Ends the thread, whatever it is doing; a later question starts another. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.close();
  }

  #start(): Thread {
    return new AnsweringThread(new URL("thread", import.meta.url), { data: this.#surroundings, heap });
  }
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
}

function tooLarge(cause: unknown): AppError {
  return new AppError("archive-too-large", "an archive has too many entries to be looked into here", {
    cause,
    hints: ["ngwbackup inspect ARCHIVE, on a machine with enough memory"],
  });
}
