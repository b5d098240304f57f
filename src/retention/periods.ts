import type { Period } from "./policy.ts";

/** A number that two moments share when they are in the same hour, day, ISO week, month or year, all in UTC. */
export function periodNumber(period: Period, moment: Date): number {
  const [year, month, day] = [moment.getUTCFullYear(), moment.getUTCMonth(), moment.getUTCDate()];
  switch (period) {
    case "hourly":
      return Math.floor(moment.getTime() / hourMs);
    case "daily":
      return Math.floor(moment.getTime() / dayMs);
    case "weekly":
      // 1 January 1970 was a Thursday, and ISO weeks begin on Monday.
      return Math.floor((Date.UTC(year, month, day) / dayMs + 3) / 7);
    case "monthly":
      return year * 12 + month;
    case "yearly":
      return year;
  }
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
