import { availableParallelism } from "node:os";
import { loadSettings } from "../config/settings.ts";
import { ExitCode, UsageError } from "../errors.ts";
import { type BackupResult, backup as runBackup } from "../operations/backup/backup.ts";
import { chooseRecipients } from "../operations/encryption/choose-recipients.ts";
import { chooseSignKey } from "../operations/encryption/choose-sign-key.ts";
import { nameTarget } from "../operations/backup/target.ts";
import { checkPruneAfterBackup, pruneAfterBackup } from "../operations/prune/prune-after-backup.ts";
import { accessWith } from "../operations/stores/archive-access.ts";
import { formatBytes, formatCount } from "../terminal/format.ts";
import type { BackupFlags } from "./backup.command.ts";
import type { CommandContext } from "./command.ts";

/** `backup [TARGET]`: prints the archive's path and nothing else on stdout. */
export default async function backup(this: CommandContext, flags: BackupFlags, target?: string): Promise<void> {
  if (flags.json && target === "-")
    throw new UsageError("json-to-stdout", "--json and the target - both write to the standard output", {
      hints: ["leave --json out, or name a file"],
    });
  const settings = await loadSettings({ env: this.env, cwd: this.cwd, configPaths: flags.config });
  const own = settings.ngwbackup;
  const isPruning = flags.prune || (own.retention.isAfterBackup && target !== "-");
  if (isPruning) checkPruneAfterBackup(settings, target);
  const nice = flags.nice ? own.nice : undefined;
  const compression = flags.compression ?? own.compression;
  const encryptFor = await chooseRecipients(
    {
      recipients: flags.recipient,
      recipientsFile: flags.recipientsFile,
      passphraseFile: flags.passphraseFile,
      noEncrypt: flags.noEncrypt,
    },
    own.encryption,
    this.cwd,
  );
  const result = await runBackup(
    {
      settings,
      target,
      compression,
      level: flags.level ?? (flags.compression === undefined ? own.level : undefined),
      jobs: flags.jobs ?? nice?.jobs ?? own.jobs ?? Math.max(2, Math.min(8, availableParallelism())),
      priority: nice,
      readRate: flags.readRate ?? nice?.readRate,
      writeRate: flags.writeRate ?? nice?.writeRate,
      strict: flags.strict,
      tags: [...new Set(flags.tag.flat())],
      oneShot: flags.oneShot,
      noZip: flags.noZip,
      overwrite: flags.overwrite,
      dryRun: flags.dryRun,
      base: flags.base,
      reread: flags.reread,
      encryptFor,
      signKey: await chooseSignKey(flags.signKey, own.encryption, this.cwd),
    },
    this,
    this.output,
  );
  const path = nameTarget(result.target);
  if (result.written === undefined) {
    this.output.note(describeEstimate(result, path, flags.base === undefined ? "about" : "less than about"));
    this.output.finish({ command: "backup", dryRun: true, path, ...result.estimate });
    return;
  }
  const { written } = result;
  this.output.note(
    `${formatCount(written.tables)} tables, ${formatCount(written.rows)} rows, ${formatCount(written.blobs)} blobs: ${formatBytes(written.tableBytes + written.blobBytes)} in an archive of ${formatBytes(written.sizeBytes)}\n`,
  );
  if (written.untouchedTableBytes > 0)
    this.output.note(
      `${formatBytes(written.untouchedTableBytes)} of rows were not read: nobody has touched them since the archive that is referred to\n`,
    );
  if (written.losses > 0) {
    this.output.report({
      type: "warning",
      code: "losses",
      message: `the archive is complete but for ${written.losses} ${written.losses === 1 ? "loss" : "losses"}, named above and by ngwbackup inspect`,
    });
    this.setExitCode(ExitCode.losses);
  }
  const pruned = isPruning
    ? await pruneAfterBackup(path, settings, accessWith(settings, this, this.output))
    : undefined;
  if (pruned !== undefined)
    this.output.note(`${pruned.removed} older archives removed, ${formatBytes(pruned.removedBytes)}\n`);
  const { snapshotAt, ...numbers } = written;
  this.output.finish(
    {
      command: "backup",
      path,
      snapshotAt: snapshotAt.toISOString(),
      ...numbers,
      ...(pruned === undefined ? {} : { removed: pruned.removed, removedBytes: pruned.removedBytes }),
    },
    result.target.kind === "stdout" ? undefined : `${path}\n`,
  );
}

function describeEstimate({ estimate }: BackupResult, path: string, about: string): string {
  return [
    "dry run: every check passed, nothing was written",
    `  target   ${path}`,
    `  tables   ${formatCount(estimate.tables)}, ${formatBytes(estimate.tableBytes)}`,
    `  blobs    ${formatCount(estimate.blobs)}, ${formatBytes(estimate.blobBytes)}`,
    `  archive  ${about} ${formatBytes(estimate.archiveBytes)}`,
    "",
  ].join("\n");
}
