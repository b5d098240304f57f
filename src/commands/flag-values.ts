import { spanType, tagListType } from "../config/retention-types.ts";
import { sizeType } from "../config/value-types.ts";
import type { CalendarSpan } from "../retention/span.ts";

/** A value taken as it is. */
export function text(value: string): string {
  return value;
}

/**
 * A whole number of at least 1.
 * @throws Error that says what was expected
 */
export function positiveInteger(value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(number) || number < 1) {
    throw new Error("expected a whole number from 1");
  }
  return number;
}

/**
 * A whole number from 0.
 * @throws Error that says what was expected
 */
export function count(value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(number)) throw new Error("expected a whole number from 0");
  return number;
}

/**
 * A span of the calendar, as in the configuration.
 * @throws Error that says what was expected
 */
export function span(value: string): CalendarSpan {
  const parsed = spanType.parse(value);
  if (parsed === undefined) throw new Error(`expected ${spanType.expected}`);
  return parsed;
}

/**
 * A whole number, negative ones included (zstd has negative levels).
 * @throws Error that says what was expected
 */
export function integer(value: string): number {
  const number = Number(value);
  if (!/^-?\d+$/.test(value) || !Number.isSafeInteger(number)) throw new Error("expected a whole number");
  return number;
}

/**
 * A size in bytes, as in the configuration.
 * @throws Error that says what was expected
 */
export function size(value: string): number {
  const sizeBytes = sizeType.parse(value);
  if (sizeBytes === undefined) throw new Error(`expected ${sizeType.expected}`);
  return sizeBytes;
}

/**
 * The name of a systemd unit.
 * @throws Error that says what was expected
 */
export function unitName(value: string): string {
  if (!/^[A-Za-z0-9_.:@\\][A-Za-z0-9_.:@\\-]*$/.test(value))
    throw new Error("expected the name of a systemd unit such as ngw.service");
  return value;
}

const unitMs = { "": 1000, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * A span of time in milliseconds: a whole number with `d`, `h`, `m` or `s`; bare seconds, as in the configuration.
 * @throws Error that says what was expected
 */
export function durationMs(value: string): number {
  const match = /^(\d+)([dhms]?)$/.exec(value);
  const spanMs = match === null ? Number.NaN : Number(match[1]) * unitMs[match[2] as keyof typeof unitMs];
  if (!Number.isSafeInteger(spanMs)) throw new Error("expected a duration such as 7d, 12h, 30m or 90 (seconds)");
  return spanMs;
}

/**
 * Tags, joined by commas, as restic takes them.
 * @throws Error that says what was expected
 */
export function tagList(value: string): readonly string[] {
  const tags = tagListType.parse(value);
  if (tags === undefined) throw new Error(`expected ${tagListType.expected}`);
  return tags;
}
