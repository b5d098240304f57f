import { constants } from "node:fs";
import { appendFile, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { LogLine, RunNews, RunProgress, RunStage } from "./run.ts";

/** A piece of a run's news: a line, a stage as it stands now, by its place in order, or how far the run is. */
export type NewsEntry = { line: LogLine } | { stage: RunStage; position: number } | { progress: RunProgress };

/** What a run that runs has told until now. */
export interface RunningNews extends RunNews {
  /** Undefined when it has not told. */
  progress?: RunProgress | undefined;
}

/** The file that holds what a run tells while it runs, so that its end without a word leaves something to read. */
export function runningLogPath(folder: string, id: number): string {
  return join(folder, `run-${id}.jsonl`);
}

// The folder may be another user's, who must not lead root to write elsewhere.
const flag = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

/** Appends to the log of a run that runs. Writes follow each other and are not waited for; whoever opens it closes it. */
export class RunningLog {
  readonly #path: string;
  #writes: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Never fails: without it the run is as good, and what it told is recorded at its end. How far the run is, is left out while
   * something else is still being written: a disk that does not answer must not make us keep ever more of it.
   */
  append(entry: NewsEntry): void {
    if ("progress" in entry && this.#waiting > 0) return;
    const text = `${JSON.stringify(entry)}\n`;
    this.#waiting += 1;
    this.#writes = this.#writes
      .then(() => appendFile(this.#path, text, { mode: 0o600, flag }))
      .catch(() => undefined)
      .finally(() => (this.#waiting -= 1));
  }

  /** Waits for what is being written, and removes it: the history has it all. */
  async remove(): Promise<void> {
    await this.#writes;
    await rm(this.#path, { force: true }).catch(() => undefined);
  }
}

/** What a run has told until now, or until its end without a word; nothing when that cannot be read. */
export async function readRunningLog(path: string): Promise<RunningNews> {
  const news = new NewsSoFar();
  const text = await readFile(path, "utf8").catch(() => "");
  for (const line of text.split("\n")) news.take(parseEntry(line));
  return { stages: news.stages, lines: news.lines, progress: news.progress };
}

/** Puts the pieces of a log together. */
export class NewsSoFar implements RunningNews {
  readonly lines: LogLine[] = [];
  progress: RunProgress | undefined;
  readonly #stages: (RunStage | undefined)[] = [];

  /** @param entry undefined: nothing */
  take(entry: NewsEntry | undefined): void {
    if (entry === undefined) return;
    if ("line" in entry) this.lines.push(entry.line);
    else if ("progress" in entry) this.progress = entry.progress;
    else this.#stages[entry.position] = entry.stage;
  }

  get stages(): RunStage[] {
    return this.#stages.filter((stage) => stage !== undefined);
  }
}

/** A line of a log; undefined for what a kill left half written. */
export function parseEntry(line: string): NewsEntry | undefined {
  try {
    const value = JSON.parse(line) as Partial<
      { line: LogLine } & { stage: RunStage; position: number } & { progress: RunProgress }
    > | null;
    if (typeof value?.line?.text === "string") return { line: value.line };
    if (typeof value?.progress?.stage === "string") return { progress: value.progress };
    if (typeof value?.stage?.name !== "string" || !isPlace(value.position)) return undefined;
    return { stage: value.stage, position: value.position };
  } catch {
    return undefined;
  }
}

/** No run has so many stages: a number that is damaged must not become a list of as many places. */
const mostStages = 10_000;

function isPlace(position: number | undefined): position is number {
  return Number.isInteger(position) && Number(position) >= 0 && Number(position) < mostStages;
}
