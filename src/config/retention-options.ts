import { type Period, type RetentionPolicy, periods } from "../retention/policy.ts";
import { type CalendarSpan, showSpan } from "../retention/span.ts";
import type { OptionDefinition } from "./option-reader.ts";
import { spanType, tagListType } from "./retention-types.ts";
import type { ShownOptions } from "./shown-options.ts";
import { booleanType, integerType } from "./value-types.ts";

const section = "ngwbackup";
const count = integerType(0, 1_000_000);

/** What is kept, by `prune` and after a backup. */
export interface RetentionSettings {
  policy: RetentionPolicy;
  /** Prune after every backup. */
  isAfterBackup: boolean;
  /** Encrypted archives that no key is at hand for count, too. */
  includesEncrypted: boolean;
}

const ofPeriods = <Value>(make: (period: Period) => Value): Record<Period, Value> =>
  Object.fromEntries(periods.map((period) => [period, make(period)])) as Record<Period, Value>;
const counts = ofPeriods((period): OptionDefinition<number> => ({ section, option: `keep.${period}`, type: count }));
const spans = ofPeriods((period): OptionDefinition<CalendarSpan> => ({
  section,
  option: `keep.within_${period}`,
  type: spanType,
}));
const last = { section, option: "keep.last", type: count };
const within = { section, option: "keep.within", type: spanType };
const tag = { section, option: "keep.tag", type: tagListType };
const afterBackup = { section, option: "keep.after_backup", type: booleanType, default: "false" };
const includeEncrypted = { section, option: "keep.include_encrypted", type: booleanType, default: "false" };

/** Options `keep...` of section `[ngwbackup]`. */
export const retentionOptions: readonly OptionDefinition<unknown>[] = [
  last,
  ...Object.values(counts),
  within,
  ...Object.values(spans),
  tag,
  afterBackup,
  includeEncrypted,
];

/**
 * Reads the options `keep...`.
 * @param shown notes them with their sources
 */
export function readRetention(shown: ShownOptions): RetentionSettings {
  const policy: RetentionPolicy = {
    last: shown.read(last) ?? 0,
    counts: ofPeriods((period) => shown.read(counts[period])),
    within: shown.read(within, showSpan),
    withinPeriods: ofPeriods((period) => shown.read(spans[period], showSpan)),
    // Unlike those of the flag, tags of the option count each for itself: who reads a comma as "or" must not lose archives.
    tags: (shown.read(tag, (list) => list.join(", ")) ?? []).map((one) => [one]),
  };
  return {
    policy,
    isAfterBackup: shown.read(afterBackup) === true,
    includesEncrypted: shown.read(includeEncrypted) === true,
  };
}
