import type { OutputStream } from "../context.ts";
import type { ProgressEvent } from "../progress.ts";
import type { Colours } from "./colours.ts";
import { formatBytes, formatDuration } from "./format.ts";
import type { ClosableReporter } from "./closable-reporter.ts";
import { messageLines, stageEndLine } from "./plain-reporter.ts";
import { printable } from "./printable.ts";
import { RateMeter } from "../rate-meter.ts";
import { RunEstimate } from "../run-estimate.ts";

const drawIntervalMs = 100;

interface Stage {
  name: string;
  startedMs: number;
  doneBytes: number;
  totalBytes: number | undefined;
  note: string | undefined;
  meter: RateMeter;
}

/** Draws one line that is updated in place, on a terminal; a finished stage leaves its line behind. */
export class TerminalReporter implements ClosableReporter {
  readonly #stream: OutputStream;
  readonly #colours: Colours;
  readonly #clockMs: () => number;
  readonly #estimate = new RunEstimate();
  #stage: Stage | undefined;
  #drawnMs = Number.NEGATIVE_INFINITY;
  #lineShown = false;

  /** @param clockMs a steady clock, in milliseconds */
  constructor(stream: OutputStream, colours: Colours, clockMs: () => number) {
    this.#stream = stream;
    this.#colours = colours;
    this.#clockMs = clockMs;
  }

  report(event: ProgressEvent): void {
    this.#estimate.take(event, this.#clockMs());
    if (event.type === "stage") {
      this.#endStage();
      this.#stage = {
        name: event.stage,
        startedMs: this.#clockMs(),
        doneBytes: 0,
        totalBytes: event.totalBytes,
        note: undefined,
        meter: new RateMeter(),
      };
      this.#draw();
    } else if (event.type === "progress") {
      if (this.#stage === undefined) return;
      this.#stage.doneBytes = event.doneBytes;
      this.#stage.totalBytes = event.totalBytes ?? this.#stage.totalBytes;
      this.#stage.note = event.note;
      this.tick();
    } else if (event.type === "work") this.tick();
    else if (event.type !== "plan") {
      this.#clear();
      this.#stream.write(messageLines(event, this.#colours));
      this.#draw();
    }
  }

  tick(): void {
    if (this.#clockMs() - this.#drawnMs >= drawIntervalMs) this.#draw();
  }

  close(): void {
    this.#endStage();
    this.#estimate.pause();
  }

  #endStage(): void {
    this.#clear();
    const stage = this.#stage;
    this.#stage = undefined;
    if (stage === undefined) return;
    this.#stream.write(stageEndLine(stage.name, stage.doneBytes, this.#clockMs() - stage.startedMs));
  }

  #draw(): void {
    const stage = this.#stage;
    if (stage === undefined) return;
    const nowMs = this.#clockMs();
    const { bytesPerSecond, remainingMs } = stage.meter.measure(nowMs, stage.doneBytes, stage.totalBytes);
    const parts = [stage.name];
    if (stage.totalBytes !== undefined && stage.totalBytes > 0) {
      parts.push(
        `${Math.min(100, Math.floor((stage.doneBytes / stage.totalBytes) * 100))} %`,
        `${formatBytes(stage.doneBytes)} of ${formatBytes(stage.totalBytes)}`,
      );
    } else if (stage.doneBytes > 0) parts.push(formatBytes(stage.doneBytes));
    if (bytesPerSecond !== undefined) parts.push(`${formatBytes(bytesPerSecond)}/s`);
    const leftMs = this.#estimate.leftMs(nowMs) ?? remainingMs;
    if (leftMs !== undefined) parts.push(`${formatDuration(Math.ceil(leftMs / 1000) * 1000)} left`);
    if (stage.note !== undefined) parts.push(stage.note);
    const width = Math.max(20, (this.#stream.columns ?? 80) - 1);
    this.#stream.write(`\r\u001b[2K${printable(parts.join("  ")).slice(0, width)}`);
    this.#lineShown = true;
    this.#drawnMs = nowMs;
  }

  #clear(): void {
    if (this.#lineShown) this.#stream.write("\r\u001b[2K");
    this.#lineShown = false;
  }
}
