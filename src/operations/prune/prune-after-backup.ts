import { basename } from "node:path";
import type { Settings } from "../../config/settings.ts";
import { AppError, UsageError, messageOf } from "../../errors.ts";
import { isEmptyPolicy } from "../../retention/policy.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";
import { type PruneResult, prune } from "./prune.ts";
import { placeOf } from "./prune-place.ts";

/**
 * Refuses to begin a backup that is to be followed by a prune which cannot be.
 * @throws UsageError no-rules, prune-stdout
 */
export function checkPruneAfterBackup({ ngwbackup }: Settings, target: string | undefined): void {
  if (isEmptyPolicy(ngwbackup.retention.policy))
    throw new UsageError("no-rules", "archives are to be pruned after the backup, and no option says what is kept", {
      hints: ["set options such as keep.daily = 7 and keep.monthly = 12 in section [ngwbackup]"],
    });
  if (target === "-")
    throw new UsageError(
      "prune-stdout",
      "archives are to be pruned after the backup, and it goes to the standard output",
      {
        hints: ["leave --prune out, and prune the place where it ends up"],
      },
    );
}

/**
 * Prunes the place of an archive that was just written, by the configured rules. The archive is complete by then, so that a
 * failure is only warned of.
 * @param archive path or URL
 * @returns undefined when it failed
 */
export async function pruneAfterBackup(
  archive: string,
  settings: Settings,
  access: ArchiveAccess,
): Promise<PruneResult | undefined> {
  const { policy, includesEncrypted } = settings.ngwbackup.retention;
  try {
    return await prune(
      {
        settings,
        where: placeOf(archive),
        policy,
        instances: undefined,
        includeNextgisweb: false,
        includeEncrypted: includesEncrypted,
        dryRun: false,
        fresh: basename(archive),
      },
      access,
    );
  } catch (error) {
    access.context.signal.throwIfAborted();
    access.reporter.report({
      type: "warning",
      code: "not-pruned",
      message: `the archive is complete, but older ones could not be pruned: ${messageOf(error)}`,
      details: error instanceof AppError ? error.details : [],
    });
    return undefined;
  }
}
