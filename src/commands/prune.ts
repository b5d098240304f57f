import { placeHint } from "../config/place-options.ts";
import { loadSettings } from "../config/settings.ts";
import { UsageError } from "../errors.ts";
import { type PlannedArchive } from "../operations/prune/plan-prune.ts";
import { prune as runPrune } from "../operations/prune/prune.ts";
import { accessWith } from "../operations/stores/archive-access.ts";
import { type RetentionPolicy, isEmptyPolicy } from "../retention/policy.ts";
import { formatBytes, formatTime } from "../terminal/format.ts";
import { formatTable } from "../terminal/table.ts";
import type { CommandContext } from "./command.ts";
import { decryptionChoice } from "./decryption-choice.ts";
import type { PruneFlags } from "./prune.command.ts";

/** `prune [WHERE]`: a table of what stays and what goes, and why. */
export default async function prune(this: CommandContext, flags: PruneFlags, where?: string): Promise<void> {
  const settings = await loadSettings({ env: this.env, cwd: this.cwd, configPaths: flags.config });
  const place = where ?? settings.backup.place;
  if (place === undefined)
    throw new UsageError("no-folder", "no folder given, and no place for archives configured", {
      hints: [placeHint, `${this.calledAs} prune FOLDER`],
    });
  if (flags.allInstances && flags.instance.length > 0)
    throw new UsageError("usage", "--all-instances and --instance exclude each other");
  const given = policyOf(flags);
  const { policy, includesEncrypted } = settings.ngwbackup.retention;
  const { archives, removed, removedBytes } = await runPrune(
    {
      settings,
      where: place,
      policy: isEmptyPolicy(given) ? policy : given,
      instances: flags.allInstances ? "all" : flags.instance.length > 0 ? flags.instance : undefined,
      includeNextgisweb: flags.includeNextgisweb,
      includeEncrypted: flags.includeEncrypted || includesEncrypted,
      dryRun: flags.dryRun,
    },
    accessWith(settings, this, this.output, decryptionChoice(this, flags)),
  );
  const would = flags.dryRun ? "would be removed (dry run)" : "removed";
  this.output.note(`${removed} of ${archives.length} archives ${would}, ${formatBytes(removedBytes)}\n`);
  this.output.finish(
    { command: "prune", dryRun: flags.dryRun, where: place, removed, removedBytes, archives: archives.map(recordOf) },
    archives.length === 0 ? undefined : tableOf(archives),
  );
}

/** The rules of the flags; where there are none, those of the configuration count. */
function policyOf(flags: PruneFlags): RetentionPolicy {
  return {
    last: flags.keepLast ?? 0,
    counts: {
      hourly: flags.keepHourly,
      daily: flags.keepDaily,
      weekly: flags.keepWeekly,
      monthly: flags.keepMonthly,
      yearly: flags.keepYearly,
    },
    within: flags.keepWithin,
    withinPeriods: {
      hourly: flags.keepWithinHourly,
      daily: flags.keepWithinDaily,
      weekly: flags.keepWithinWeekly,
      monthly: flags.keepWithinMonthly,
      yearly: flags.keepWithinYearly,
    },
    tags: flags.keepTag,
  };
}

function tableOf(archives: readonly PlannedArchive[]): string {
  return formatTable(
    [
      { title: "ACTION" },
      { title: "TIME" },
      { title: "SIZE", align: "right" },
      { title: "INSTANCE" },
      { title: "TAGS" },
      { title: "REASONS" },
      { title: "PATH" },
    ],
    archives.map(({ facts, action, reasons }) => [
      action,
      formatTime(facts.time),
      formatBytes(facts.sizeBytes),
      facts.instance?.instanceId ?? "-",
      facts.tags.length === 0 ? "-" : facts.tags.join(","),
      reasons.length === 0 ? "-" : reasons.join(", "),
      facts.path,
    ]),
  );
}

function recordOf({ facts, action, reasons }: PlannedArchive): Record<string, unknown> {
  const { path, time, sizeBytes, tags, instance } = facts;
  return { path, time: time.toISOString(), sizeBytes, instanceId: instance?.instanceId ?? null, tags, action, reasons };
}
