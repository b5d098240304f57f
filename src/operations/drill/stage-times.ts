import type { ProgressEvent, Reporter } from "../../progress.ts";

/** How long a stage took. */
export interface StageTime {
  stage: string;
  durationMs: number;
}

/** Passes news on, and takes the time from each stage to the next. */
export class StageTimes implements Reporter {
  readonly #next: Reporter;
  readonly #times: StageTime[] = [];
  #open: { stage: string; startedMs: number } | undefined;

  constructor(next: Reporter) {
    this.#next = next;
  }

  report(event: ProgressEvent): void {
    if (event.type === "stage") {
      this.end();
      this.#open = { stage: event.stage, startedMs: performance.now() };
    }
    this.#next.report(event);
  }

  /** Ends the stage that is under way. */
  end(): void {
    if (this.#open === undefined) return;
    const { stage, startedMs } = this.#open;
    this.#open = undefined;
    const durationMs = performance.now() - startedMs;
    const known = this.#times.find((time) => time.stage === stage);
    if (known === undefined) this.#times.push({ stage, durationMs });
    else known.durationMs += durationMs;
  }

  /** Stages in the order in which they began; one that came twice counts once, with the sum. */
  get times(): readonly StageTime[] {
    return this.#times;
  }
}
