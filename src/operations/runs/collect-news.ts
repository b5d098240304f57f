import type { NewsEntry } from "../../history/running-log.ts";
import type { LogLine, RunNews, RunStage } from "../../history/run.ts";
import type { ProgressEvent } from "../../progress.ts";
import { ProgressMeter } from "./measure-progress.ts";

/** A run that has so much to say is read from its beginning. */
const mostLines = 10_000;

const leastSecretLength = 8;

/** What a collector is made with. */
export interface CollectorOptions {
  now: () => Date;
  /** A steady clock, in milliseconds. */
  clockMs: () => number;
  /** Texts that never stand in a log. */
  secrets: readonly string[];
}

/** Collects what a run tells: its stages with their times, its messages as a log, and how far it is. */
export class NewsCollector {
  readonly #options: CollectorOptions;
  readonly #stages: RunStage[] = [];
  readonly #lines: LogLine[] = [];
  readonly #meter = new ProgressMeter();
  #stageBeganMs = 0;
  #leftOut = 0;
  #sink: (entry: NewsEntry) => void = () => {};

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  /** Has every further piece passed on as it comes, the last state of a stage last. */
  passTo(sink: (entry: NewsEntry) => void): void {
    this.#sink = sink;
  }

  /** Takes news of the operation; cheap, as it comes often. */
  take(event: ProgressEvent): void {
    if (event.type === "stage") this.endStage();
    this.#meter.take(event, this.#options.clockMs);
    if (event.type === "progress") {
      const stage = this.#stages.at(-1);
      if (stage !== undefined && stage.name === event.stage) stage.bytes = event.doneBytes;
    } else if (event.type === "stage") {
      this.#stages.push({ name: event.stage, startedAt: this.#options.now().getTime(), durationMs: null, bytes: 0 });
      this.#stageBeganMs = this.#options.clockMs();
      this.#passStage();
      this.tellProgress();
    } else if (event.type === "message" || event.type === "warning") {
      this.line(event.type, event.message);
      for (const detail of event.type === "warning" ? (event.details ?? []) : []) this.line("warning", `  ${detail}`);
    }
  }

  /** Passes on how far the run is, if a stage is under way: to be called once in a while. */
  tellProgress(): void {
    const progress = this.#meter.look(this.#options.clockMs());
    if (progress !== undefined) this.#sink({ progress });
  }

  /** Adds to the log, a line each. */
  line(level: LogLine["level"], text: string): void {
    for (const part of text.split("\n")) {
      if (part.trim() === "") continue;
      // An error is the end, and always has room.
      if (this.#lines.length >= mostLines && level !== "error") {
        this.#leftOut += 1;
        continue;
      }
      const line: LogLine = {
        at: this.#options.now().getTime(),
        level,
        text: maskSecrets(part, this.#options.secrets),
      };
      this.#lines.push(line);
      this.#sink({ line });
    }
  }

  /** The stage under way is over. */
  endStage(): void {
    const stage = this.#stages.at(-1);
    if (stage === undefined || stage.durationMs !== null) return;
    stage.durationMs = this.#options.clockMs() - this.#stageBeganMs;
    this.#passStage();
    this.#meter.end();
  }

  /** All of it, when the run is over. */
  news(): RunNews {
    this.endStage();
    const more: LogLine[] =
      this.#leftOut === 0
        ? []
        : [{ at: this.#options.now().getTime(), level: "message", text: `and ${this.#leftOut} more lines, left out` }];
    return { stages: this.#stages, lines: [...this.#lines, ...more] };
  }

  #passStage(): void {
    const stage = this.#stages.at(-1);
    if (stage !== undefined) this.#sink({ stage: { ...stage }, position: this.#stages.length - 1 });
  }
}

/**
 * A text without the secrets that it holds. What we print has none; this is for the messages of others. One that could as well
 * be a word of the text is left.
 */
export function maskSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce(
    (masked, secret) => (secret.length < leastSecretLength ? masked : masked.replaceAll(secret, "********")),
    text,
  );
}
