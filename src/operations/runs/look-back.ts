import type { RunSettings } from "../../config/run-options.ts";
import { UsageError } from "../../errors.ts";
import { type History, openExistingHistory } from "../../history/history.ts";
import { findInterrupted } from "../../history/interrupted.ts";
import { type RunFilter, readNews, readRun, readRuns } from "../../history/read-runs.ts";
import { type RunningNews, readRunningLog, runningLogPath } from "../../history/running-log.ts";
import type { Run, RunStage } from "../../history/run.ts";

/** The history as it is now: what has ended without a word is shown as interrupted, whether that was noted or not. */
export interface LookBack {
  runs(filter: RunFilter): Run[];
  run(id: number): Run | undefined;
  /** Stages and log, also of a run that runs, and how far that is. */
  news(run: Run): Promise<RunningNews>;
  /** Of a run that has ended. */
  stages(run: Run): readonly RunStage[];
  /** Itself, for what else stands in it. */
  history: History;
}

/**
 * Opens the history for looking at it.
 * @param action what is done with it; it is closed afterwards
 * @returns undefined when nothing was recorded yet
 * @throws UsageError when no place for it is configured
 */
export async function lookBack<T>(
  { state }: RunSettings,
  now: Date,
  action: (look: LookBack) => Promise<T>,
): Promise<T | undefined> {
  if (state === undefined)
    throw new UsageError(
      "no-state",
      "there is no place for a history: neither sdir nor a folder for archives is configured",
      {
        hints: ["set state.path in section [ngwbackup] of the configuration"],
      },
    );
  const history = await openExistingHistory(state);
  if (history === undefined) return undefined;
  try {
    const interrupted = await findInterrupted(history, now.getTime());
    return await action({
      history,
      runs: (filter) => readRuns(history, filter, interrupted),
      run(id) {
        const run = readRun(history, id);
        return run !== undefined && interrupted.includes(id) ? { ...run, state: "interrupted" } : run;
      },
      stages: (run) => readNews(history, run.id).stages,
      async news({ id, endedAt }) {
        if (endedAt === null) {
          const news = await readRunningLog(runningLogPath(history.folder, id));
          // Its log goes when its end is noted, which may have been just now.
          if (readRun(history, id)?.endedAt === null) return news;
        }
        return readNews(history, id);
      },
    });
  } finally {
    history.database.close();
  }
}
