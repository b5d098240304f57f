import { periodNumber } from "./periods.ts";
import { type Period, type RetentionPolicy, isEmptyPolicy, periods } from "./policy.ts";
import { type CalendarSpan, isZeroSpan, momentBefore, showSpan } from "./span.ts";

/** What a policy is applied to. */
export interface Dated {
  time: Date;
  tags: readonly string[];
}

/** What a policy says of one of them. */
export interface Judged<Item> {
  item: Item;
  /** Why it stays, in restic's words; empty: it may go. */
  reasons: string[];
}

/**
 * Applies a policy by the rules of `restic forget` (0.14): every count goes from the newest on, hours, days, weeks, months and
 * years are those of UTC, and a span ends at the newest one that is not in the future. Without any rule all stay.
 * @param now ones that are newer do not count as the newest for spans
 * @returns newest first
 */
export function applyPolicy<Item extends Dated>(
  items: readonly Item[],
  policy: RetentionPolicy,
  now: Date,
): Judged<Item>[] {
  const newestFirst = items.toSorted((a, b) => b.time.getTime() - a.time.getTime());
  if (isEmptyPolicy(policy)) return newestFirst.map((item) => ({ item, reasons: ["policy is empty"] }));
  const rules = rulesOf(policy, latestOf(newestFirst, now));
  return newestFirst.map((item) => ({ item, reasons: rules.flatMap((rule) => rule(item) ?? []) }));
}

/** Looks at one archive after the other, newest first; the reason to keep it, if this is one. */
type Rule = (item: Dated) => string | undefined;

/** In restic's order, which is that of the reasons. */
function rulesOf(policy: RetentionPolicy, latest: Date): Rule[] {
  const { last, counts, within, withinPeriods, tags } = policy;
  const rules: Rule[] = tags.map(
    (list) => (item) => (list.every((tag) => item.tags.includes(tag)) ? `has tags [${list.join(", ")}]` : undefined),
  );
  if (isSpan(within)) rules.push(withinRule(within, latest));
  if (last > 0) rules.push(lastRule(last));
  for (const period of periods) {
    const count = counts[period] ?? 0;
    if (count > 0) rules.push(countRule(period, count));
  }
  for (const period of periods) {
    const span = withinPeriods[period];
    if (isSpan(span)) rules.push(periodWithinRule(period, span, latest));
  }
  return rules;
}

function isSpan(span: CalendarSpan | undefined): span is CalendarSpan {
  return span !== undefined && !isZeroSpan(span);
}

function withinRule(span: CalendarSpan, latest: Date): Rule {
  const start = momentBefore(latest, span);
  return ({ time }) => (time > start ? `within ${showSpan(span)}` : undefined);
}

function lastRule(count: number): Rule {
  let left = count;
  return () => (left-- > 0 ? "last snapshot" : undefined);
}

function countRule(period: Period, count: number): Rule {
  const isFirst = firstOfEach(period);
  let left = count;
  return ({ time }) => (left > 0 && isFirst(time) && left-- > 0 ? `${period} snapshot` : undefined);
}

function periodWithinRule(period: Period, span: CalendarSpan, latest: Date): Rule {
  const start = momentBefore(latest, span);
  const isFirst = firstOfEach(period);
  return ({ time }) => (time > start && isFirst(time) ? `${period} within ${showSpan(span)}` : undefined);
}

/** Asked for moments from the newest on: whether one is the first in its hour, day, ... */
function firstOfEach(period: Period): (time: Date) => boolean {
  let previous: number | undefined;
  return (time) => {
    const number = periodNumber(period, time);
    if (number === previous) return false;
    previous = number;
    return true;
  };
}

/** The newest that is not in the future; where all are, the beginning of time, so that a span holds them all. */
function latestOf(newestFirst: readonly Dated[], now: Date): Date {
  return newestFirst.find(({ time }) => time < now)?.time ?? new Date(0);
}
