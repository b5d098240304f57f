/** A piece of news of long work, as `--json` prints it and the terminal draws it. */
export type ProgressEvent =
  | { type: "stage"; stage: string; totalBytes?: number }
  | { type: "progress"; stage: string; doneBytes: number; totalBytes?: number; note?: string }
  | { type: "message"; message: string }
  | { type: "warning"; code: string; message: string; details?: readonly string[] };

/**
 * Takes the news of an operation. Operations report often and cheaply; a renderer decides what is shown, where and how
 * often. It never throws and never writes to stdout unless it renders JSON.
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
export function stageBehind(reporter: Reporter, stage: string, totalBytes?: number): StageProgress & { show(): void } {
  let doneBytes = 0;
  let shown: StageProgress | undefined;
  return {
    advance(bytes) {
      if (shown === undefined) doneBytes += bytes;
      else shown.advance(bytes);
    },
    show() {
      shown = startStage(reporter, stage, totalBytes);
      shown.advance(doneBytes);
    },
  };
}

/** A reporter that drops everything. */
export const silentReporter: Reporter = { report() {} };
