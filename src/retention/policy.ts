import { type CalendarSpan, isZeroSpan } from "./span.ts";

/** Units of the calendar by which archives are counted. */
export const periods = ["hourly", "daily", "weekly", "monthly", "yearly"] as const;

/** A unit of the calendar: of each hour, day, ... the newest archive counts. */
export type Period = (typeof periods)[number];

/** What is kept; an archive stays when any of the rules says so. */
export interface RetentionPolicy {
  /** The newest ones, so many. */
  last: number;
  /** Of each of the newest hours, days, ... that have an archive at all, the newest one; so many hours, days, ... */
  counts: Readonly<Partial<Record<Period, number | undefined>>>;
  /** All that are newer than the newest less this span. */
  within: CalendarSpan | undefined;
  /** Of each hour, day, ... within the span, the newest one. */
  withinPeriods: Readonly<Partial<Record<Period, CalendarSpan | undefined>>>;
  /** Those that have all tags of one of the lists. */
  tags: readonly (readonly string[])[];
}

/** The policy without a rule. */
export const emptyPolicy: RetentionPolicy = {
  last: 0,
  counts: {},
  within: undefined,
  withinPeriods: {},
  tags: [],
};

/** Whether a policy has no rule, and so says nothing about what may go. */
export function isEmptyPolicy({ last, counts, within, withinPeriods, tags }: RetentionPolicy): boolean {
  return (
    last === 0 &&
    Object.values(counts).every((count: number | undefined) => (count ?? 0) === 0) &&
    [within, ...Object.values(withinPeriods)].every((span) => span === undefined || isZeroSpan(span)) &&
    tags.length === 0
  );
}
