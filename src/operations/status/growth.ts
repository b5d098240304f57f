/** Room that was left at a moment, milliseconds since 1970. */
export interface RoomSample {
  at: number;
  freeBytes: number;
}

/** How the room shrinks. */
export interface Growth {
  /** Negative where it grows. */
  bytesPerDay: number;
  /** When none is left at that rate, milliseconds since 1970; undefined when it does not shrink, or not in a lifetime. */
  fullAt: number | undefined;
}

const dayMs = 24 * 60 * 60 * 1000;

/** Fewer days tell little: a restore or a clearing up would make the trend. */
const leastSpanMs = 2 * dayMs;
const leastSamples = 3;
const mostDays = 100 * 365;

/**
 * The trend of the room by least squares over what was seen of it: whatever else is written to that disk counts, too, and so does
 * what retention removes.
 * @param now the room as it is
 * @returns undefined while too little was seen
 */
export function growthOf(samples: readonly RoomSample[], now: RoomSample): Growth | undefined {
  const all = [...samples, now];
  const first = Math.min(...all.map(({ at }) => at));
  if (all.length < leastSamples || now.at - first < leastSpanMs) return undefined;
  // Days and a moved origin keep the squares small enough to be exact.
  const points = all.map(({ at, freeBytes }) => ({ day: (at - now.at) / dayMs, freeBytes }));
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanDay = mean(points.map(({ day }) => day));
  const meanFree = mean(points.map(({ freeBytes }) => freeBytes));
  let numerator = 0;
  let denominator = 0;
  for (const { day, freeBytes } of points) {
    numerator += (day - meanDay) * (freeBytes - meanFree);
    denominator += (day - meanDay) ** 2;
  }
  if (denominator === 0) return undefined;
  const bytesPerDay = -numerator / denominator;
  const daysLeft = bytesPerDay > 0 ? now.freeBytes / bytesPerDay : Number.POSITIVE_INFINITY;
  return { bytesPerDay, fullAt: daysLeft > mostDays ? undefined : now.at + daysLeft * dayMs };
}
