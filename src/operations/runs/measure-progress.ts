import type { RunProgress } from "../../history/run.ts";
import type { ProgressEvent } from "../../progress.ts";
import { RateMeter } from "../../rate-meter.ts";
import { RunEstimate } from "../../run-estimate.ts";

/**
 * Works out how far a run is, for whoever looks once in a while. News come thousands of times a second, so that they are only
 * put down; all that is worked out is worked out when somebody asks.
 */
export class ProgressMeter {
  readonly #estimate = new RunEstimate();
  /** The latest of each stage since the last look, bytes and share of the work each for itself. */
  readonly #bytes = new Map<string, ProgressEvent>();
  readonly #work = new Map<string, ProgressEvent>();
  #rate = new RateMeter();
  #stage: Extract<ProgressEvent, { type: "progress" }> | undefined;

  /**
   * Takes news of the run; cheap.
   * @param clockMs a steady clock, in milliseconds; asked where the moment counts
   */
  take(event: ProgressEvent, clockMs: () => number): void {
    if (event.type === "progress") {
      this.#bytes.set(event.stage, event);
      if (this.#stage?.stage === event.stage) this.#stage = event;
    } else if (event.type === "work") this.#work.set(event.stage, event);
    else if (event.type === "plan" || event.type === "stage") {
      const atMs = clockMs();
      this.#catchUp(atMs);
      this.#estimate.take(event, atMs);
      if (event.type === "plan") return;
      const { stage, totalBytes } = event;
      this.#stage = { type: "progress", stage, doneBytes: 0, ...(totalBytes === undefined ? {} : { totalBytes }) };
      this.#rate = new RateMeter();
    }
  }

  /** How far the run is; undefined while no stage is under way. @param atMs moment on the same clock */
  look(atMs: number): RunProgress | undefined {
    this.#catchUp(atMs);
    if (this.#stage === undefined) return undefined;
    const { stage, doneBytes, totalBytes } = this.#stage;
    const { bytesPerSecond } = this.#rate.measure(atMs, doneBytes, totalBytes);
    const leftMs = this.#estimate.leftMs(atMs);
    return {
      stage,
      doneBytes,
      totalBytes: totalBytes ?? null,
      bytesPerSecond: bytesPerSecond === undefined ? null : Math.round(bytesPerSecond),
      leftMs: leftMs === undefined ? null : Math.round(leftMs),
    };
  }

  /** No stage is under way any more. */
  end(): void {
    this.#stage = undefined;
  }

  #catchUp(atMs: number): void {
    for (const latest of [this.#bytes, this.#work]) {
      for (const event of latest.values()) this.#estimate.take(event, atMs);
      latest.clear();
    }
  }
}
