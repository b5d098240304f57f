/** A span of the calendar, as restic writes it: `1y5m7d2h`. */
export interface CalendarSpan {
  years: number;
  months: number;
  days: number;
  hours: number;
}

const units = [
  ["y", "years"],
  ["m", "months"],
  ["d", "days"],
  ["h", "hours"],
] as const;

/** Beyond this a span is a mistake, and dates end somewhere. */
const mostOfAUnit = 100_000;

/**
 * Reads a span: whole numbers, each with `y`, `m` (months), `d` or `h`, in any order, such as `14d` or `1y6m`.
 * @returns undefined for anything else
 */
export function parseSpan(text: string): CalendarSpan | undefined {
  if (!/^(?:\d+[ymdh])+$/.test(text)) return undefined;
  const span: CalendarSpan = { years: 0, months: 0, days: 0, hours: 0 };
  for (const [, digits = "", letter = ""] of text.matchAll(/(\d+)([ymdh])/g)) {
    const unit = units.find(([name]) => name === letter)?.[1];
    if (unit === undefined) return undefined;
    span[unit] = Number(digits);
    if (span[unit] > mostOfAUnit) return undefined;
  }
  return span;
}

/** A span as it can be given: `1y5m7d2h`; `0h` for none. */
export function showSpan(span: CalendarSpan): string {
  const parts = units.filter(([, unit]) => span[unit] !== 0).map(([letter, unit]) => `${span[unit]}${letter}`);
  return parts.length === 0 ? "0h" : parts.join("");
}

/** Whether it is no span at all. */
export function isZeroSpan(span: CalendarSpan): boolean {
  return units.every(([, unit]) => span[unit] === 0);
}

/**
 * The moment that is a span before another, in UTC. A day that the month does not have runs over into the next one, as in
 * restic: a month before 31 March is 3 March, or 2 March in a leap year.
 */
export function momentBefore(moment: Date, span: CalendarSpan): Date {
  const before = new Date(moment);
  before.setUTCFullYear(
    moment.getUTCFullYear() - span.years,
    moment.getUTCMonth() - span.months,
    moment.getUTCDate() - span.days,
  );
  before.setUTCHours(before.getUTCHours() - span.hours);
  return before;
}
