import type { OutputStream } from "../context.ts";
import type { ProgressEvent } from "../progress.ts";
import type { Colours } from "./colours.ts";
import { formatBytes, formatDuration } from "./format.ts";
import type { ClosableReporter } from "./closable-reporter.ts";
import { printable } from "./printable.ts";
import { RunEstimate } from "../run-estimate.ts";

/** A run that is about to end needs no word on when. */
const leftShownMs = 10_000;

/**
 * Writes a line when a stage is over, with what is left of the run when that is long, and warnings and messages as they come:
 * for logs and pipes.
 */
export class PlainReporter implements ClosableReporter {
  readonly #stream: OutputStream;
  readonly #colours: Colours;
  readonly #clockMs: () => number;
  readonly #estimate = new RunEstimate();
  #stage: { name: string; startedMs: number; doneBytes: number } | undefined;

  /** @param clockMs a steady clock, in milliseconds */
  constructor(stream: OutputStream, colours: Colours, clockMs: () => number) {
    this.#stream = stream;
    this.#colours = colours;
    this.#clockMs = clockMs;
  }

  report(event: ProgressEvent): void {
    const nowMs = this.#clockMs();
    this.#estimate.take(event, nowMs);
    if (event.type === "stage") {
      this.#endStage(this.#estimate.leftMs(nowMs));
      this.#stage = { name: event.stage, startedMs: nowMs, doneBytes: 0 };
    } else if (event.type === "progress") {
      if (this.#stage !== undefined) this.#stage.doneBytes = event.doneBytes;
    } else if (event.type !== "plan" && event.type !== "work") this.#stream.write(messageLines(event, this.#colours));
  }

  /** Lines come when a stage is over, not with time. */
  tick(): void {}

  close(): void {
    this.#endStage(undefined);
    this.#estimate.pause();
  }

  #endStage(leftMs: number | undefined): void {
    const stage = this.#stage;
    this.#stage = undefined;
    if (stage === undefined) return;
    this.#stream.write(stageEndLine(stage.name, stage.doneBytes, this.#clockMs() - stage.startedMs, leftMs));
  }
}

/**
 * The line that stays when a stage is over, with its line end.
 * @param leftMs time left of the whole run; told when it is long
 */
export function stageEndLine(name: string, doneBytes: number, durationMs: number, leftMs?: number): string {
  const size = doneBytes === 0 ? "" : `${formatBytes(doneBytes)}, `;
  const left = leftMs === undefined || leftMs < leftShownMs ? "" : `, ${formatDuration(leftMs)} left`;
  return `${printable(name)}: ${size}${formatDuration(durationMs)}${left}\n`;
}

/** A message or a warning with its details, with line ends. */
export function messageLines(event: Extract<ProgressEvent, { message: string }>, colours: Colours): string {
  if (event.type === "message") return `${printable(event.message)}\n`;
  const details = (event.details ?? []).map((detail) => `  ${printable(detail)}\n`);
  return `${colours.yellow("warning:")} ${printable(event.message)}\n${details.join("")}`;
}
