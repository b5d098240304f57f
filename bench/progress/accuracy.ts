import { median, percentile } from "../report/statistics.ts";
import type { HeardLine, HeardRun } from "./listen.ts";

/** How far what was said is from what was so; shares, 0.15 is 15 %. */
export interface Errors {
  /** How many claims were looked at. */
  claims: number;
  median: number;
  worst: number;
  /** How many of the claims were off by 15 % at most. */
  goodShare: number;
}

/** What the progress of runs of the same job was worth. */
export interface Accuracy {
  /** Median of all runs. */
  durationMs: number;
  /** |claimed end - real end| to the duration of the run. A line that claims nothing is wrong by all of it. */
  timeLeft: Errors;
  /** The same to what was really left. */
  timeLeftToLeft: Errors;
  /** |claimed rate - bytes done in the seconds before the line| to the latter. */
  rate: Errors;
}

/** What is good enough. */
export const tolerance = 0.15;
/** Nothing can be known in the first part of a run. */
const ignoredShare = 0.1;
/** What counts as the rate of a moment. */
const rateWindowMs = 5000;
const shortestWindowMs = 500;

/** Judges all lines after the first tenth of each run, by the time at which they came. */
export function judgeProgress(runs: readonly HeardRun[]): Accuracy {
  const toDuration: number[] = [];
  const toLeft: number[] = [];
  const rates: number[] = [];
  for (const { lines, durationMs } of runs) {
    for (const [index, line] of lines.entries()) {
      if (line.atMs < durationMs * ignoredShare) continue;
      const leftMs = durationMs - line.atMs;
      const offMs = line.runLeftMs === undefined ? undefined : Math.abs(line.runLeftMs - leftMs);
      toDuration.push(offMs === undefined ? 1 : offMs / durationMs);
      toLeft.push(offMs === undefined ? 1 : offMs / leftMs);
      const real = realRate(lines.slice(0, index + 1));
      if (line.bytesPerSecond !== undefined && real !== undefined)
        rates.push(Math.abs(line.bytesPerSecond - real) / real);
    }
  }
  const durationMs = median(runs.map((run) => run.durationMs));
  return { durationMs, timeLeft: errors(toDuration), timeLeftToLeft: errors(toLeft), rate: errors(rates) };
}

/** Bytes a second of the last line's stage in the seconds before it; undefined when there were none, or it is too early. */
function realRate(lines: readonly HeardLine[]): number | undefined {
  const last = lines.at(-1);
  if (last === undefined) return undefined;
  const opened = lines.findLastIndex(({ stage }) => stage !== last.stage) + 1;
  const stage = lines.slice(opened);
  const from = stage.findLast(({ atMs }) => last.atMs - atMs >= rateWindowMs) ?? stage[0];
  if (from === undefined || last.atMs - from.atMs < shortestWindowMs || last.doneBytes === from.doneBytes)
    return undefined;
  return ((last.doneBytes - from.doneBytes) * 1000) / (last.atMs - from.atMs);
}

function errors(values: readonly number[]): Errors {
  return {
    claims: values.length,
    median: median(values),
    worst: percentile(values, 100),
    goodShare: values.filter((value) => value <= tolerance).length / values.length,
  };
}
