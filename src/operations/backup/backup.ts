import { dirname } from "node:path";
import type { Application } from "../../applications/application.ts";
import { detectApplication } from "../../applications/detect.ts";
import type { Settings } from "../../config/settings.ts";
import { backupFileName } from "../../config/backup-file-name.ts";
import type { Context } from "../../context.ts";
import type { Reporter } from "../../progress.ts";
import { connect, serverVersionNumber, type Client } from "../../postgres/connection.ts";
import { findPgDump } from "../../postgres/client-tools.ts";
import { takeOperationLock } from "../../postgres/operation-lock.ts";
import { clearLeftovers } from "../recovery/clear-leftovers.ts";
import { storageFolders } from "../storage-folders.ts";
import { type BackupEstimate, checkSpace, estimateBackup } from "./estimate.ts";
import { openTarget } from "./open-target.ts";
import { type BackupTarget, resolveTarget } from "./target.ts";
import { type WrittenBackup, writeBackup } from "./write-backup.ts";

/** What is asked of a backup. */
export interface BackupRequest {
  settings: Settings;
  /** TARGET of the command line; undefined for `backup.path`. */
  target: string | undefined;
  compression: "zstd" | "deflate" | "none";
  level: number | undefined;
  jobs: number;
  /** Fail instead of naming losses. */
  strict: boolean;
  /** Do not write `last_backup`. */
  oneShot: boolean;
  noZip: boolean;
  overwrite: boolean;
  dryRun: boolean;
}

/** What came of it. */
export interface BackupResult {
  target: BackupTarget;
  estimate: BackupEstimate;
  /** Undefined for a dry run. */
  written: WrittenBackup | undefined;
}

/**
 * Backs an instance up: preflight first, then one pass into the target, which is complete and checked or not there at
 * all (docs/architecture.md tells the steps).
 * @throws UsageError, RefusedError, BusyError before anything was written; AppError when it failed later
 */
export async function backup(request: BackupRequest, context: Context, reporter: Reporter): Promise<BackupResult> {
  const { settings } = request;
  const startedAt = context.now();
  const target = await resolveTarget({
    target: request.target,
    defaultFolder: settings.backup.path,
    defaultName: backupFileName(settings.backup.filename, startedAt),
    noZip: request.noZip,
    overwrite: request.overwrite,
    cwd: context.cwd,
  });
  const client = await connect(settings.database);
  try {
    await takeOperationLock(client);
    await clearLeftovers(settings, context, reporter);
    const application = await detectApplication(client);
    const pgDump = await findPgDump(
      Math.floor((await serverVersionNumber(client)) / 10000),
      context.env,
      settings.ngwbackup.pgBinDir,
    );
    const estimate = await estimateBackup(client, application, request.compression);
    if (target.kind !== "stdout") {
      const warning = await checkSpace(dirname(target.path), estimate);
      if (warning !== undefined) reporter.report({ type: "warning", code: "space", message: warning });
    }
    if (request.dryRun) return { target, estimate, written: undefined };
    const writer = await openTarget(target, request.overwrite, context, {
      modifiedAt: startedAt,
      ...(request.compression === "deflate" && request.level !== undefined ? { deflateLevel: request.level } : {}),
    });
    const written = await writeBackup({
      request,
      application,
      pgDumpPath: pgDump.path,
      folders: storageFolders(settings),
      writer,
      estimate,
      startedAt,
      context,
      reporter,
    });
    if (!request.oneShot) await recordBackup(client, application, startedAt, reporter);
    return { target, estimate, written };
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Writes `last_backup`; the archive is complete by then, so that a failure is only told. */
async function recordBackup(
  client: Client,
  application: Application,
  startedAt: Date,
  reporter: Reporter,
): Promise<void> {
  try {
    const { rows } = await client.query<{ standby: boolean }>("select pg_catalog.pg_is_in_recovery() as standby");
    if (rows[0]?.standby !== true) await application.recordBackup(client, startedAt);
  } catch (error) {
    reporter.report({
      type: "warning",
      code: "last-backup",
      message: `the archive is complete, but the time of the backup could not be written into the database: ${(error as Error).message}`,
    });
  }
}
