import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { type NewsEntry, parseEntry, runningLogPath } from "../../../src/history/running-log.ts";
import type { RunProgress, RunState } from "../../../src/history/run.ts";

/** Enough for a machine that has much else to do. */
const patienceMs = 120_000;
/** A run that is slowed down goes on for so long at a time. */
const slowShareMs = 3;
const pauseMs = 20;
/** Pauses between these while it moves bytes: it tells of its progress once a second, in which a fast machine would be done. */
const longPauseMs = 300;
const movingStages = ["verify", "rows", "blobs", "rows and indexes", "files"];

/** Runs of an instance, as its history on the disk has them, and the processes that do them. */
export class RunsAtWork {
  readonly #stateFolder: string;

  constructor(sdir: string) {
    this.#stateFolder = join(sdir, ".ngwbackup");
  }

  /** How a run stands; undefined when there is none of that number. */
  stateOf(id: number): RunState | undefined {
    return this.#row(id)?.state;
  }

  /** Numbers of those that run. */
  get running(): number[] {
    return this.#ask<{ id: number }>("SELECT id FROM run WHERE state = 'running' ORDER BY id").map(({ id }) => id);
  }

  /** Waits for a run's end. @returns how it ended */
  async endOf(id: number): Promise<RunState> {
    await until(`the end of run ${id}`, () => this.stateOf(id) !== "running");
    return this.stateOf(id)!;
  }

  /**
   * Lets a run go on slowly until it has told of some progress, and then not at all, until {@link release}.
   * @param hurry called once the run is slow
   * @returns where it stands
   */
  async holdAmid(id: number, hurry: () => void): Promise<RunProgress> {
    const pid = this.#pid(id);
    send(pid, "SIGSTOP");
    hurry();
    const pause = (): number => (this.#stages(id).some((name) => movingStages.includes(name)) ? longPauseMs : pauseMs);
    const isAmid = (): boolean => {
      if (!send(pid, "SIGCONT")) throw new Error(`run ${id} has ended before it could be held`);
      // No timer: it would come late where much else is to be done, and the run would go on meanwhile.
      const startedMs = performance.now();
      while (performance.now() - startedMs < slowShareMs);
      send(pid, "SIGSTOP");
      return (this.#progress(id)?.doneBytes ?? 0) > 0;
    };
    await until(`progress of run ${id}`, isAmid, pause);
    return this.#progress(id)!;
  }

  /** Lets a run go on that was held. */
  release(id: number): void {
    send(this.#pid(id), "SIGCONT");
  }

  /** Ends whatever still runs, so that nothing is left behind by a test that failed. */
  async endAll(): Promise<void> {
    for (const id of this.running) {
      const pid = this.#pid(id);
      // One that is gone without a word has nothing more to say.
      if (send(pid, "SIGTERM") && send(pid, "SIGCONT")) await this.endOf(id);
    }
  }

  #progress(id: number): RunProgress | undefined {
    return this.#news(id).findLast((entry) => "progress" in entry)?.progress;
  }

  /** Names of the stages that a run has come to. */
  #stages(id: number): string[] {
    return this.#news(id).flatMap((entry) => ("stage" in entry ? [entry.stage.name] : []));
  }

  #news(id: number): NewsEntry[] {
    const path = runningLogPath(this.#stateFolder, id);
    const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
    return lines.flatMap((line) => parseEntry(line) ?? []);
  }

  #pid(id: number): number {
    const { pid } = JSON.parse(this.#row(id)?.owner ?? "{}") as { pid?: number };
    if (pid === undefined) throw new Error(`run ${id} has no process`);
    return pid;
  }

  #row(id: number): { state: RunState; owner: string } | undefined {
    return this.#ask<{ state: RunState; owner: string }>("SELECT state, owner FROM run WHERE id = ?", id)[0];
  }

  #ask<Row>(sql: string, ...values: number[]): Row[] {
    let database: DatabaseSync;
    try {
      database = new DatabaseSync(join(this.#stateFolder, "history.sqlite"), { readOnly: true, timeout: 60_000 });
    } catch {
      // Nothing has run yet.
      return [];
    }
    try {
      return database.prepare(sql).all(...values) as Row[];
    } finally {
      database.close();
    }
  }
}

/** @returns false when there is no such process any more */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** Waits until something is so. @throws when it is not within what a slow machine needs */
export async function until(what: string, isSo: () => boolean, pause = (): number => pauseMs): Promise<void> {
  const startedMs = performance.now();
  while (!isSo()) {
    if (performance.now() - startedMs > patienceMs) throw new Error(`waited in vain for ${what}`);
    await sleep(pause());
  }
}
