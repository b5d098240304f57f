/** Day of the year, counted from 1, of a UTC date. */
export function dayOfYear(date: Date): number {
  return Math.floor((startOfDay(date) - startOfYear(date.getUTCFullYear())) / dayMs) + 1;
}

/** Week of the year, 0 to 53, where week 1 starts with the year's first day of the given kind (0 is Sunday). */
export function weekOfYear(date: Date, firstWeekday: 0 | 1): number {
  const weekday = (date.getUTCDay() - firstWeekday + 7) % 7;
  return Math.floor((dayOfYear(date) - 1 + 7 - weekday) / 7);
}

/** ISO 8601 week and the year that it belongs to. */
export function isoWeek(date: Date): { year: number; week: number } {
  // A week belongs to the year that its Thursday is in.
  const thursday = new Date(startOfDay(date) + (3 - ((date.getUTCDay() + 6) % 7)) * dayMs);
  return { year: thursday.getUTCFullYear(), week: Math.floor((dayOfYear(thursday) - 1) / 7) + 1 };
}

const dayMs = 24 * 60 * 60 * 1000;

function startOfDay(date: Date): number {
  return Math.floor(date.getTime() / dayMs) * dayMs;
}

function startOfYear(year: number): number {
  // Date.UTC takes years below 100 for years of the 20th century.
  return new Date(0).setUTCFullYear(year, 0, 1);
}
