import type { ProgressEvent } from "./progress.ts";

interface Stage {
  name: string;
  expectedMs: number;
  /** How much of its work is done, 0 to 1. */
  share: number;
  /** Its share comes from `work`: bytes do not tell it. */
  countsWork: boolean;
}

/**
 * Weight of what was expected against what is seen: a share of the work that the one or the other stands for, and some more,
 * because nothing is known to a fraction of a second.
 */
const trustInRun = 0.02;
const trustInStage = 0.1;
const trustMs = 100;

/**
 * Works out how long a run will still take, over all of its stages. The run is one bar of work, measured in the time that was
 * expected for it; how much longer this machine takes than expected is learned from what is done: for the stage under way (and
 * what runs beside it) mostly from that stage, for those to come from the whole run.
 *
 * Between two pieces of news time simply passes, at most until the stage under way should have ended.
 */
export class RunEstimate {
  #stages: Stage[] = [];
  #current: Stage | undefined;
  /** Of the run without pauses, until the latest news. */
  #elapsedMs = 0;
  #newsMs: number | undefined;
  /** When the stage under way was opened, and what had been done then. */
  #opened = { elapsedMs: 0, workMs: 0 };
  #left: { atMs: number; ms: number; leastMs: number } | undefined;

  /**
   * Takes news of the run.
   * @param atMs moment on a steady clock
   */
  take(event: ProgressEvent, atMs: number): void {
    if (event.type === "message" || event.type === "warning") return;
    this.#elapsedMs += atMs - (this.#newsMs ?? atMs);
    this.#newsMs = atMs;
    if (event.type === "plan") this.#plan(event.stages);
    else if (event.type === "stage") this.#open(event.stage);
    else if (!this.#advance(event)) return;
    this.#left = this.#current === undefined ? undefined : { atMs, ...this.#estimate() };
  }

  /** The time until the next news is not the run's: somebody is asked a question. */
  pause(): void {
    this.#newsMs = undefined;
    this.#left = undefined;
  }

  /** Time left of the whole run; undefined when its stages are not known, or nothing is under way. */
  leftMs(atMs: number): number | undefined {
    if (this.#left === undefined) return undefined;
    return Math.max(this.#left.leastMs, this.#left.ms - (atMs - this.#left.atMs));
  }

  #plan(stages: readonly { stage: string; expectedMs: number }[]): void {
    const done = this.#stages.filter(({ share }) => share === 1);
    const planned = stages.map(({ stage: name, expectedMs }) => ({ name, expectedMs, share: 0, countsWork: false }));
    this.#stages = [...done, ...planned];
    if (done.length === 0) this.#elapsedMs = 0;
    this.#current = undefined;
  }

  /**
   * The stage under way is done, and what ran beside it up to the one that opens; others before that are left out of this run.
   * One that was not planned belongs to the one under way.
   */
  #open(name: string): void {
    const from = this.#current === undefined ? 0 : this.#stages.indexOf(this.#current) + 1;
    const index = this.#stages.findIndex((stage, at) => at >= from && stage.name === name);
    if (index < 0) return;
    for (const stage of this.#stages.slice(from, index)) {
      // It says nothing of how fast this machine is.
      if (stage.share === 0) stage.expectedMs = 0;
      stage.share = 1;
    }
    if (this.#current !== undefined) this.#current.share = 1;
    this.#current = this.#stages[index];
    this.#opened = { elapsedMs: this.#elapsedMs, workMs: this.#doneMs() };
  }

  /** @returns whether it told something */
  #advance(event: Extract<ProgressEvent, { type: "progress" | "work" }>): boolean {
    const first = this.#current === undefined ? 0 : this.#stages.indexOf(this.#current);
    const stage = this.#stages.find(({ name }, index) => index >= first && name === event.stage);
    if (stage === undefined) return false;
    if (event.type === "work") {
      stage.countsWork = true;
      stage.share = event.share;
    } else if (!stage.countsWork && event.totalBytes !== undefined && event.totalBytes > 0) {
      stage.share = Math.min(1, event.doneBytes / event.totalBytes);
    } else return false;
    return true;
  }

  #doneMs(): number {
    return this.#stages.reduce((sum, { expectedMs, share }) => sum + expectedMs * share, 0);
  }

  #estimate(): { ms: number; leastMs: number } {
    const totalMs = this.#stages.reduce((sum, { expectedMs }) => sum + expectedMs, 0);
    const stageMs = this.#elapsedMs - this.#opened.elapsedMs;
    const current = this.#current;
    // Of a stage that says nothing we only know that it is not over.
    const silentMs = current === undefined || current.share > 0 ? 0 : Math.min(stageMs, current.expectedMs);
    const doneMs = this.#doneMs() + silentMs;
    const priorMs = totalMs * trustInRun + trustMs;
    const runSlowness = (this.#elapsedMs + priorMs) / (doneMs + priorMs);
    const isUnderWay = (stage: Stage): boolean => stage === current || stage.share > 0;
    const rest = (stages: readonly Stage[]): number =>
      stages.reduce((sum, { expectedMs, share }) => sum + expectedMs * (1 - share), 0);
    const underWayMs = rest(this.#stages.filter((stage) => isUnderWay(stage))) - silentMs;
    const toComeMs = rest(this.#stages.filter((stage) => !isUnderWay(stage)));
    const stagePriorMs = (current?.expectedMs ?? 0) * trustInStage + trustMs;
    const stageDoneMs = doneMs - this.#opened.workMs;
    const stageSlowness = (stageMs + stagePriorMs * runSlowness) / (stageDoneMs + stagePriorMs);
    const leastMs = toComeMs * runSlowness;
    return { ms: underWayMs * stageSlowness + leastMs, leastMs };
  }
}
