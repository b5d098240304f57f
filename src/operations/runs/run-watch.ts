import type { RunSettings } from "../../config/run-options.ts";
import { historyState } from "../../history/history.ts";
import { LogTail } from "../../history/log-tail.ts";
import { newestRunId, readRunning } from "../../history/read-runs.ts";
import type { Run } from "../../history/run.ts";
import { type NewsEntry, NewsSoFar, type RunningNews, runningLogPath } from "../../history/running-log.ts";
import { type LookBack, lookBack } from "./look-back.ts";

/** A run that runs, and what it has told until now. */
export interface WatchedRun {
  readonly run: Run;
  readonly news: RunningNews;
}

/** What was seen since the last look. */
export type WatchEvent =
  | { type: "began"; run: Run }
  | { type: "told"; run: Run; entries: readonly NewsEntry[] }
  /** Its end is in the history, or it ended without a word. */
  | { type: "ended"; run: Run; news: RunningNews };

/** Takes what one look has seen, which is something. */
export type WatchListener = (events: readonly WatchEvent[]) => void;

const lookIntervalMs = 500;

/** Whether a run that says nothing still lives, is looked up so often. */
const livingMs = 5_000;

interface Watched extends WatchedRun {
  news: NewsSoFar;
  tail: LogTail;
}

/**
 * Watches the runs that run, whoever started them: at the history and at their logs, twice a second, as long as somebody listens.
 * One is enough for any number of viewers. Whoever makes it closes it.
 */
export class RunWatch {
  readonly #settings: () => Promise<RunSettings>;
  readonly #now: () => Date;
  readonly #listeners = new Set<WatchListener>();
  readonly #watched = new Map<number, Watched>();
  /** Asked for at the first look; undefined while nobody listens. */
  #lookingAt: RunSettings | undefined;
  /** Number of the newest run at the last look; undefined before the first one. */
  #newest: number | undefined;
  #looking: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** The history when it was last looked into. */
  #seen: { state: string | undefined; atMs: number } = { state: undefined, atMs: 0 };

  /** @param settings the configuration as it is now; a change of the state folder holds for listeners that come when there are none */
  constructor(settings: () => Promise<RunSettings>, now: () => Date) {
    this.#settings = settings;
    this.#now = now;
  }

  /** Those that run, by number, as of the last look. */
  get running(): ReadonlyMap<number, WatchedRun> {
    return this.#watched;
  }

  /**
   * Looks, and tells of everything that is seen after that.
   * @returns ends it; may be called more than once
   * @throws UsageError when the configuration is wrong, or names no place for a history
   */
  async listen(listener: WatchListener): Promise<() => void> {
    await this.#look();
    this.#listeners.add(listener);
    this.#plan();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#rest();
    };
  }

  /** Looks now, not only when it is time. @throws as `listen` does */
  async look(): Promise<void> {
    await this.#look();
  }

  /** Nobody is told anything any more. */
  close(): void {
    this.#isClosed = true;
    this.#listeners.clear();
    this.#rest();
  }

  #plan(): void {
    if (this.#isClosed || this.#listeners.size === 0) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      // What is wrong with the history is told by whoever asks for a run.
      void this.#look()
        .catch(() => undefined)
        .then(() => this.#plan());
    }, lookIntervalMs).unref();
  }

  /** One look after another, also where a new listener asks for one. */
  #look(): Promise<void> {
    const done = this.#looking.then(async () => {
      if (this.#isClosed) return;
      const settings = (this.#lookingAt ??= await this.#settings());
      const events: WatchEvent[] = [];
      if (await this.#isHistoryNew(settings)) {
        const isThere = await lookBack(settings, this.#now(), async (look) => {
          await this.#see(look, events);
          return true;
        });
        if (isThere !== true) {
          await this.#forget(events);
          // Where nothing was ever recorded, the first run is a new one.
          this.#newest = 0;
        }
      }
      await this.#readLogs(events);
      if (events.length > 0) for (const listener of this.#listeners) listener(events);
    });
    this.#looking = done.catch(() => undefined);
    return done;
  }

  async #see(look: LookBack, events: WatchEvent[]): Promise<void> {
    const before = this.#newest ?? Number.POSITIVE_INFINITY;
    this.#newest = newestRunId(look.history);
    const running = new Map<number, Run>();
    for (const { id } of readRunning(look.history)) {
      const run = look.run(id);
      if (run?.state === "running") running.set(id, run);
    }
    // Those that began and ended since the last look.
    for (let id = before + 1; id <= this.#newest; id += 1) {
      const run = running.has(id) || this.#watched.has(id) ? undefined : look.run(id);
      if (run !== undefined) events.push({ type: "ended", run, news: await look.news(run) });
    }
    for (const [id, watched] of this.#watched) {
      if (running.has(id)) continue;
      this.#watched.delete(id);
      await watched.tail.close();
      const run = look.run(id);
      // Another history knows nothing of it.
      if (run !== undefined) events.push({ type: "ended", run, news: await look.news(run) });
    }
    for (const [id, run] of running) {
      if (this.#watched.has(id)) continue;
      const tail = new LogTail(runningLogPath(look.history.folder, id));
      this.#watched.set(id, { run, news: new NewsSoFar(), tail });
      events.push({ type: "began", run });
    }
  }

  async #readLogs(events: WatchEvent[]): Promise<void> {
    for (const { run, news, tail } of this.#watched.values()) {
      const entries = await tail.read();
      for (const entry of entries) news.take(entry);
      if (entries.length > 0) events.push({ type: "told", run, entries });
    }
  }

  /** Whether it was written to since the last look, or it is time to see whether the processes of runs live. */
  async #isHistoryNew({ state }: RunSettings): Promise<boolean> {
    const found = state === undefined ? undefined : await historyState(state);
    const nowMs = performance.now();
    if (found !== undefined && found === this.#seen.state && nowMs - this.#seen.atMs < livingMs) return false;
    this.#seen = { state: found, atMs: nowMs };
    return true;
  }

  /** The history was moved away: nobody knows how these end. */
  async #forget(events: WatchEvent[]): Promise<void> {
    for (const { run, news, tail } of this.#watched.values()) {
      await tail.close();
      events.push({ type: "ended", run: { ...run, state: "interrupted" }, news });
    }
    this.#watched.clear();
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#looking = this.#looking.then(async () => {
      if (this.#listeners.size > 0) return;
      this.#lookingAt = undefined;
      this.#seen = { state: undefined, atMs: 0 };
      for (const { tail } of this.#watched.values()) await tail.close();
      this.#watched.clear();
      this.#newest = undefined;
    });
  }
}
