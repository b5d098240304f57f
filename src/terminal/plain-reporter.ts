import type { OutputStream } from "../context.ts";
import type { ProgressEvent } from "../progress.ts";
import type { Colours } from "./colours.ts";
import { formatBytes, formatDuration } from "./format.ts";
import type { ClosableReporter } from "./closable-reporter.ts";
import { printable } from "./printable.ts";

/** Writes a line when a stage is over, and warnings and messages as they come: for logs and pipes. */
export class PlainReporter implements ClosableReporter {
  readonly #stream: OutputStream;
  readonly #colours: Colours;
  readonly #clockMs: () => number;
  #stage: { name: string; startedMs: number; doneBytes: number } | undefined;

  /** @param clockMs a steady clock, in milliseconds */
  constructor(stream: OutputStream, colours: Colours, clockMs: () => number) {
    this.#stream = stream;
    this.#colours = colours;
    this.#clockMs = clockMs;
  }

  report(event: ProgressEvent): void {
    if (event.type === "stage") {
      this.close();
      this.#stage = { name: event.stage, startedMs: this.#clockMs(), doneBytes: 0 };
    } else if (event.type === "progress") {
      if (this.#stage !== undefined) this.#stage.doneBytes = event.doneBytes;
    } else this.#stream.write(messageLines(event, this.#colours));
  }

  close(): void {
    const stage = this.#stage;
    this.#stage = undefined;
    if (stage === undefined) return;
    this.#stream.write(stageEndLine(stage.name, stage.doneBytes, this.#clockMs() - stage.startedMs));
  }
}

/** The line that stays when a stage is over, with its line end. */
export function stageEndLine(name: string, doneBytes: number, durationMs: number): string {
  const size = doneBytes === 0 ? "" : `${formatBytes(doneBytes)}, `;
  return `${printable(name)}: ${size}${formatDuration(durationMs)}\n`;
}

/** A message or a warning with its details, with line ends. */
export function messageLines(event: Extract<ProgressEvent, { message: string }>, colours: Colours): string {
  if (event.type === "message") return `${printable(event.message)}\n`;
  const details = (event.details ?? []).map((detail) => `  ${printable(detail)}\n`);
  return `${colours.yellow("warning:")} ${printable(event.message)}\n${details.join("")}`;
}
