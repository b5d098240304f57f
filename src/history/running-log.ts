import { constants } from "node:fs";
import { appendFile, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { LogLine, RunNews, RunStage } from "./run.ts";

/** A piece of a run's news: a line, or a stage as it stands now, by its place in order. */
export type NewsEntry = { line: LogLine } | { stage: RunStage; position: number };

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

  constructor(path: string) {
    this.#path = path;
  }

  /** Never fails: without it the run is as good, and what it told is recorded at its end. */
  append(entry: NewsEntry): void {
    const text = `${JSON.stringify(entry)}\n`;
    this.#writes = this.#writes.then(() => appendFile(this.#path, text, { mode: 0o600, flag })).catch(() => undefined);
  }

  /** Waits for what is being written, and removes it: the history has it all. */
  async remove(): Promise<void> {
    await this.#writes;
    await rm(this.#path, { force: true }).catch(() => undefined);
  }
}

/** What a run has told until now, or until its end without a word; nothing when that cannot be read. */
export async function readRunningLog(path: string): Promise<RunNews> {
  const stages: RunStage[] = [];
  const lines: LogLine[] = [];
  const text = await readFile(path, "utf8").catch(() => "");
  for (const line of text.split("\n")) {
    const entry = parseEntry(line);
    if (entry === undefined) continue;
    if ("line" in entry) lines.push(entry.line);
    else stages[entry.position] = entry.stage;
  }
  return { stages: stages.filter((stage) => stage !== undefined), lines };
}

/** Undefined for what a kill left half written. */
function parseEntry(line: string): NewsEntry | undefined {
  try {
    const value = JSON.parse(line) as Partial<{ line: LogLine; stage: RunStage; position: number }> | null;
    if (typeof value?.line?.text === "string") return { line: value.line };
    if (typeof value?.stage?.name !== "string" || !Number.isInteger(value.position)) return undefined;
    return { stage: value.stage, position: Number(value.position) };
  } catch {
    return undefined;
  }
}
