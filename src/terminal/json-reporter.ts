import type { OutputStream } from "../context.ts";
import type { ProgressEvent } from "../progress.ts";
import type { ClosableReporter } from "./closable-reporter.ts";

const progressIntervalMs = 250;

/** Writes JSON lines to stdout, each with `type`; a stage's progress at most four times a second. */
export class JsonReporter implements ClosableReporter {
  readonly #stream: OutputStream;
  readonly #clockMs: () => number;
  readonly #messagesShown: boolean;
  #reportedMs = Number.NEGATIVE_INFINITY;
  #pending: ProgressEvent | undefined;

  /**
   * @param clockMs a steady clock, in milliseconds
   * @param quiet leaves only warnings
   */
  constructor(stream: OutputStream, clockMs: () => number, quiet: boolean) {
    this.#stream = stream;
    this.#clockMs = clockMs;
    this.#messagesShown = !quiet;
  }

  report(event: ProgressEvent): void {
    if (event.type === "warning") {
      this.close();
      this.#write(event);
    } else if (!this.#messagesShown) return;
    else if (event.type === "stage") {
      this.close();
      const { stage, totalBytes } = event;
      this.#write({ type: "progress", stage, doneBytes: 0, ...(totalBytes === undefined ? {} : { totalBytes }) });
    } else if (event.type === "message") {
      this.close();
      this.#write(event);
    } else if (this.#clockMs() - this.#reportedMs >= progressIntervalMs) this.#write(event);
    else this.#pending = event;
  }

  /** Writes the latest progress that was held back. */
  close(): void {
    if (this.#pending !== undefined) this.#write(this.#pending);
  }

  #write(event: ProgressEvent): void {
    this.#pending = undefined;
    if (event.type === "progress") this.#reportedMs = this.#clockMs();
    this.#stream.write(`${JSON.stringify(event)}\n`);
  }
}
