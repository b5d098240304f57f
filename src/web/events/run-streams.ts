import type { RunKind } from "../../history/run.ts";
import type { RunWatch, WatchEvent, WatchedRun } from "../../operations/runs/run-watch.ts";
import type { RunDetail } from "../api/runs.ts";
import { type EventStream, formatEvent } from "./event-stream.ts";
import { lineRow, runDetail, runRow, stageRow } from "./run-rows.ts";

/** Runs whose end changes what is known of archives. */
const concernArchives: readonly RunKind[] = ["backup", "prune", "verify", "drill"];

/**
 * Tells all open streams what is seen of the runs that run. Each event is made once, whoever gets it; while no stream is open,
 * nobody looks. Whoever makes it closes it.
 */
export class RunStreams {
  readonly #watch: RunWatch;
  /** Streams that get news of all runs. */
  readonly #all = new Set<EventStream>();
  /** Streams of one run each. */
  readonly #ofRuns = new Map<number, Set<EventStream>>();
  /** What a new stream of a run begins with, until the run tells more. */
  readonly #beginnings = new Map<number, Buffer>();
  #open = 0;
  #listening: Promise<() => void> | undefined;

  constructor(watch: RunWatch) {
    this.#watch = watch;
  }

  /** Has a stream get `runs` now and whenever they change, and `changed`. @throws as `RunWatch.listen` does */
  async followAll(stream: EventStream): Promise<void> {
    await this.#attend(stream);
    if (!stream.isOpen) return;
    stream.send(this.#runsEvent());
    this.#all.add(stream);
    stream.onEnd(() => this.#all.delete(stream));
  }

  /**
   * Has a stream get all of a run, then its news, then its end.
   * @returns false when the run does not run (any more); nothing was sent then
   * @throws as `RunWatch.listen` does
   */
  async followRun(id: number, stream: EventStream): Promise<boolean> {
    await this.#attend(stream);
    // One that began just now may not have been seen yet.
    if (!this.#watch.running.has(id)) await this.#watch.look();
    const watched = this.#watch.running.get(id);
    if (watched === undefined) return false;
    if (!stream.isOpen) return true;
    stream.begin(this.#beginning(watched));
    const streams = this.#ofRuns.get(id) ?? new Set();
    this.#ofRuns.set(id, streams.add(stream));
    stream.onEnd(() => {
      streams.delete(stream);
      if (streams.size === 0 && this.#ofRuns.get(id) === streams) this.#ofRuns.delete(id);
    });
    return true;
  }

  /** Tells that archives have changed by something that is no run. */
  archivesChanged(): void {
    const event = formatEvent("changed", { runs: false, archives: true });
    for (const stream of this.#all) stream.send(event);
  }

  /** Ends all streams. */
  close(): void {
    for (const streams of [this.#all, ...this.#ofRuns.values()]) for (const stream of streams) stream.end();
    this.#watch.close();
  }

  /** Keeps looking as long as a stream is open. */
  async #attend(stream: EventStream): Promise<void> {
    // It was given up before it began: nobody would end the looking.
    if (!stream.isOpen) return;
    this.#open += 1;
    stream.onEnd(() => {
      this.#open -= 1;
      if (this.#open > 0) return;
      const listening = this.#listening;
      this.#listening = undefined;
      this.#beginnings.clear();
      void listening?.then((stop) => stop()).catch(() => undefined);
    });
    const listening = (this.#listening ??= this.#watch.listen((events) => this.#pass(events)));
    await listening.catch((error: unknown) => {
      if (this.#listening === listening) this.#listening = undefined;
      throw error;
    });
  }

  #pass(events: readonly WatchEvent[]): void {
    for (const event of events) {
      this.#beginnings.delete(event.run.id);
      const streams = this.#ofRuns.get(event.run.id);
      if (streams === undefined) continue;
      if (event.type === "told") {
        const news = newsOf(event);
        for (const stream of streams) stream.send(news);
      } else if (event.type === "ended") {
        const end = formatEvent("end", runDetail(event.run, event.news));
        for (const stream of streams) {
          stream.send(end);
          stream.end();
        }
      }
    }
    if (this.#all.size === 0) return;
    const edges = events.filter(({ type }) => type !== "told");
    if (edges.length > 0 || events.some(toldProgress)) this.#sendToAll(this.#runsEvent());
    if (edges.length === 0) return;
    const archives = edges.some(({ type, run }) => type === "ended" && concernArchives.includes(run.kind));
    this.#sendToAll(formatEvent("changed", { runs: true, archives }));
  }

  #sendToAll(event: Buffer): void {
    for (const stream of this.#all) stream.send(event);
  }

  #runsEvent(): Buffer {
    const running = [...this.#watch.running.values()];
    return formatEvent(
      "runs",
      running.map(({ run, news }) => runRow(run, news.progress)),
    );
  }

  #beginning({ run, news }: WatchedRun): Buffer {
    const known = this.#beginnings.get(run.id);
    if (known !== undefined) return known;
    const beginning = beginningOf(runDetail(run, news));
    this.#beginnings.set(run.id, beginning);
    return beginning;
  }
}

/** All that a stream of a run that has ended is sent. */
export function detailEvents(detail: RunDetail): Buffer {
  return Buffer.concat([beginningOf(detail), formatEvent("end", detail)]);
}

/** The events that a stream of a run begins with: all of it so far. */
function beginningOf({ run, stages, log }: RunDetail): Buffer {
  return Buffer.concat([formatEvent("run", run), formatEvent("stages", stages), formatEvent("log", log)]);
}

/** What a run has told, of its progress the latest alone. */
function newsOf({ entries }: Extract<WatchEvent, { type: "told" }>): Buffer {
  const parts: Buffer[] = [];
  let progress: Buffer | undefined;
  for (const entry of entries) {
    if ("line" in entry) parts.push(formatEvent("line", lineRow(entry.line)));
    else if ("stage" in entry) parts.push(formatEvent("stage", stageRow(entry.stage)));
    else progress = formatEvent("progress", entry.progress);
  }
  return Buffer.concat(progress === undefined ? parts : [...parts, progress]);
}

function toldProgress(event: WatchEvent): boolean {
  return event.type === "told" && event.entries.some((entry) => "progress" in entry);
}
