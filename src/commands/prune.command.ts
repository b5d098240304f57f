import { buildCommand } from "@stricli/core";
import type { CalendarSpan } from "../retention/span.ts";
import { lazyCommand } from "./command.ts";
import { commonAliases } from "./common-flags.ts";
import { type DecryptFlags, decryptFlags } from "./decrypt-flags.ts";
import { count, span, tagList, text } from "./flag-values.ts";
import { placeParameter } from "./place-parameter.ts";

/** Flags of `prune`. */
export interface PruneFlags extends DecryptFlags {
  readonly keepLast?: number;
  readonly keepHourly?: number;
  readonly keepDaily?: number;
  readonly keepWeekly?: number;
  readonly keepMonthly?: number;
  readonly keepYearly?: number;
  readonly keepWithin?: CalendarSpan;
  readonly keepWithinHourly?: CalendarSpan;
  readonly keepWithinDaily?: CalendarSpan;
  readonly keepWithinWeekly?: CalendarSpan;
  readonly keepWithinMonthly?: CalendarSpan;
  readonly keepWithinYearly?: CalendarSpan;
  readonly keepTag: readonly (readonly string[])[];
  readonly instance: readonly string[];
  readonly allInstances: boolean;
  readonly includeNextgisweb: boolean;
  readonly includeEncrypted: boolean;
  readonly dryRun: boolean;
}

const counted = (brief: string) => ({ kind: "parsed", parse: count, optional: true, placeholder: "n", brief }) as const;
const spanned = (brief: string) =>
  ({ kind: "parsed", parse: span, optional: true, placeholder: "span", brief }) as const;
const switched = (brief: string) => ({ kind: "boolean", default: false, withNegated: false, brief }) as const;

/** `prune [WHERE]` in the command table. */
export const pruneCommand = buildCommand({
  loader: lazyCommand<PruneFlags, [where?: string]>(
    () => import("./prune.ts"),
    ({ dryRun }, where) => (dryRun ? undefined : { kind: "prune", archives: where === undefined ? [] : [where] }),
  ),
  parameters: {
    flags: {
      ...decryptFlags,
      keepLast: counted("Keep the newest n archives"),
      keepHourly: counted("Keep the newest archive of each of the last n hours that have one"),
      keepDaily: counted("Keep the newest archive of each of the last n days that have one"),
      keepWeekly: counted("Keep the newest archive of each of the last n weeks that have one"),
      keepMonthly: counted("Keep the newest archive of each of the last n months that have one"),
      keepYearly: counted("Keep the newest archive of each of the last n years that have one"),
      keepWithin: spanned("Keep all that are newer than the newest less this, such as 14d or 1y6m"),
      keepWithinHourly: spanned("Of all that are newer than the newest less this keep the newest of each hour"),
      keepWithinDaily: spanned("Of all that are newer than the newest less this keep the newest of each day"),
      keepWithinWeekly: spanned("Of all that are newer than the newest less this keep the newest of each week"),
      keepWithinMonthly: spanned("Of all that are newer than the newest less this keep the newest of each month"),
      keepWithinYearly: spanned("Of all that are newer than the newest less this keep the newest of each year"),
      keepTag: {
        kind: "parsed",
        parse: tagList,
        variadic: true,
        default: [],
        placeholder: "tags",
        brief: "Keep those with this tag, or with all of several joined by commas; may be given several times",
      },
      instance: {
        kind: "parsed",
        parse: text,
        variadic: true,
        default: [],
        placeholder: "id",
        brief: "Prune the archives of this instance, as list shows it; the configured one when left out",
      },
      allInstances: switched("Prune the archives of all instances, each by itself"),
      includeNextgisweb: switched("Prune archives that NextGIS Web itself wrote, too"),
      includeEncrypted: switched(
        "Prune encrypted archives that no key is at hand for, too, by the time in their names",
      ),
      dryRun: switched("Say what would go, and touch nothing"),
    },
    aliases: commonAliases,
    positional: {
      kind: "tuple",
      parameters: [placeParameter],
    },
  },
  docs: {
    brief: "Remove archives that no rule keeps",
    fullDescription: [
      "Rules are those of restic forget; hours, days and so on are those of UTC. Without rules the options keep... count.",
      "",
      "Examples:",
      "  ngwbackup prune --dry-run --keep-daily 7 --keep-weekly 5 --keep-monthly 12",
      "  ngwbackup prune --keep-within 14d --keep-tag release rclone:nas:backup/",
    ].join("\n"),
  },
});
