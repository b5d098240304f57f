import { parsePythonInteger } from "./python-text.ts";
import type { ValueType } from "./value-types.ts";

const unitMs: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, "": 1000 };

/** A duration in milliseconds: a whole number of seconds, or of days, hours, minutes with `d`, `h`, `m` after it. */
export const durationType: ValueType<number> = {
  expected: "a duration such as 30 (seconds), 5m, 2h or 7d",
  parse(text) {
    const unit = /[dhm]$/i.exec(text)?.[0] ?? "";
    const count = parsePythonInteger(text.slice(0, text.length - unit.length));
    if (count === undefined || count < 0) return undefined;
    const durationMs = count * unitMs[unit.toLowerCase()]!;
    return Number.isSafeInteger(durationMs) ? durationMs : undefined;
  },
};

/** A duration as it could stand in a file, in the largest unit that gives a whole number. */
export function showDuration(durationMs: number): string {
  for (const [unit, ms] of Object.entries(unitMs)) {
    if (durationMs !== 0 && durationMs % ms === 0) return `${durationMs / ms}${unit}`;
  }
  return String(durationMs / 1000);
}
