/** A piece of news of long work, as `--json` prints it and the terminal draws it. */
export type ProgressEvent =
  | { type: "stage"; stage: string; totalBytes?: number }
  | { type: "progress"; stage: string; doneBytes: number; totalBytes?: number; note?: string }
  | { type: "plan"; stages: readonly PlannedStage[] }
  | { type: "work"; stage: string; share: number }
  | { type: "message"; message: string }
  | { type: "warning"; code: string; message: string; details?: readonly string[]; loss?: object };

/** A stage that a run will come to, with what it is expected to take. */
export interface PlannedStage {
  stage: string;
  /**
   * By what is known beforehand, on the machine that rates were taken on. Only the ratio of one stage to another has to be
   * right: how fast this machine is shows in the run.
   */
  expectedMs: number;
}

/**
 * Takes the news of an operation. `plan` names the stages from the next one on to the end of the run; `work` tells how much of
 * a stage is done (0 to 1) where bytes do not say it: what takes time without moving data, or runs beside the stage that is
 * shown. Operations report often and cheaply; a renderer decides what is shown, where and how often. It never throws and never
 * writes to stdout unless it renders JSON.
 */
export interface Reporter {
  report(event: ProgressEvent): void;
}

/** A stage of long work that counts bytes. */
export interface StageProgress {
  advance(bytes: number): void;
}

/**
 * Opens a stage: everything that advances counts towards it until the next stage is opened.
 * @param totalBytes what 100 % is, in plain bytes, when it is known
 */
export function startStage(reporter: Reporter, stage: string, totalBytes?: number): StageProgress {
  let doneBytes = 0;
  reporter.report({ type: "stage", stage, ...(totalBytes === undefined ? {} : { totalBytes }) });
  return {
    advance(bytes) {
      doneBytes += bytes;
      reporter.report({ type: "progress", stage, doneBytes, ...(totalBytes === undefined ? {} : { totalBytes }) });
    },
  };
}

/**
 * Counts a stage that runs beside others, and opens it only when the others are done.
 * @param totalBytes see {@link startStage}
 */
export function stageBehind(reporter: Reporter, stage: string, totalBytes: number): StageProgress & { show(): void } {
  let doneBytes = 0;
  let shown: StageProgress | undefined;
  const work = countWork(reporter, stage, totalBytes);
  return {
    advance(bytes) {
      work(bytes);
      if (shown === undefined) doneBytes += bytes;
      else shown.advance(bytes);
    },
    show() {
      shown = startStage(reporter, stage, totalBytes);
      shown.advance(doneBytes);
    },
  };
}

/**
 * Counts work of a stage, in whatever unit, so that its share of all of it is told. May be called before the stage is opened.
 * @returns adds some
 */
export function countWork(reporter: Reporter, stage: string, total: number): (done: number) => void {
  let sum = 0;
  return (done) => {
    sum += done;
    if (total > 0) reporter.report({ type: "work", stage, share: Math.min(1, sum / total) });
  };
}

/** A reporter that drops everything. */
export const silentReporter: Reporter = { report() {} };
