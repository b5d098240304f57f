import type { OutputStream } from "../context.ts";
import type { ProgressEvent } from "../progress.ts";
import type { ClosableReporter } from "./closable-reporter.ts";
import { RateMeter } from "../rate-meter.ts";
import { RunEstimate } from "../run-estimate.ts";

const progressIntervalMs = 250;

type StageProgress = Extract<ProgressEvent, { type: "progress" }>;

/** Writes JSON lines to stdout, each with `type`; a stage's progress at most four times a second. */
export class JsonReporter implements ClosableReporter {
  readonly #stream: OutputStream;
  readonly #clockMs: () => number;
  readonly #messagesShown: boolean;
  readonly #estimate = new RunEstimate();
  #meter = new RateMeter();
  #stage: StageProgress | undefined;
  #reportedMs = Number.NEGATIVE_INFINITY;
  #isPending = false;

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
    this.#estimate.take(event, this.#clockMs());
    if (event.type === "warning" || (event.type === "message" && this.#messagesShown)) {
      this.#flush();
      this.#write(event);
    } else if (event.type === "stage") {
      this.#flush();
      const { stage, totalBytes } = event;
      this.#stage = { type: "progress", stage, doneBytes: 0, ...(totalBytes === undefined ? {} : { totalBytes }) };
      this.#meter = new RateMeter();
      this.#writeStage();
    } else if (event.type === "progress" || event.type === "work") {
      if (event.type === "progress") this.#stage = event;
      this.#isPending = true;
      this.tick();
    }
  }

  tick(): void {
    if (this.#clockMs() - this.#reportedMs >= progressIntervalMs) this.#writeStage();
  }

  close(): void {
    this.#flush();
    this.#stage = undefined;
    this.#estimate.pause();
  }

  /** Writes the latest progress that was held back. */
  #flush(): void {
    if (this.#isPending) this.#writeStage();
  }

  #writeStage(): void {
    this.#isPending = false;
    if (this.#stage === undefined || !this.#messagesShown) return;
    const nowMs = this.#clockMs();
    this.#reportedMs = nowMs;
    const { doneBytes, totalBytes } = this.#stage;
    const { bytesPerSecond } = this.#meter.measure(nowMs, doneBytes, totalBytes);
    const leftMs = this.#estimate.leftMs(nowMs);
    this.#write({
      ...this.#stage,
      ...(bytesPerSecond === undefined ? {} : { bytesPerSecond: Math.round(bytesPerSecond) }),
      ...(leftMs === undefined ? {} : { runLeftMs: Math.round(leftMs) }),
    });
  }

  #write(line: object): void {
    this.#stream.write(`${JSON.stringify(line)}\n`);
  }
}
