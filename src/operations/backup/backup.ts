import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Application } from "../../applications/application.ts";
import { detectApplication } from "../../applications/detect.ts";
import type { Settings } from "../../config/settings.ts";
import { backupFileName } from "../../config/backup-file-name.ts";
import type { Context } from "../../context.ts";
import { BusyError, RefusedError, UsageError } from "../../errors.ts";
import type { Reporter } from "../../progress.ts";
import { rateLimit } from "../../rate-limit.ts";
import { connect, serverVersionNumber, type Client } from "../../postgres/connection.ts";
import { findPgDump } from "../../postgres/client-tools.ts";
import { takeOperationLock } from "../../postgres/operation-lock.ts";
import { withStandbyHints } from "../../postgres/server-error.ts";
import { clearLeftovers } from "../recovery/clear-leftovers.ts";
import { refuseLiveRestore } from "../recovery/refuse-live-restore.ts";
import { storageFolders } from "../storage-folders.ts";
import { accessWith } from "../stores/archive-access.ts";
import { type BackupRequest, deflateLevel, refuseUnfit } from "./backup-request.ts";
import { keepForLater } from "./keep-for-later.ts";
import { keptFolder } from "./base/kept-folder.ts";
import { noBase } from "./base/backup-base.ts";
import { findBase } from "./base/find-base.ts";
import { encryptedSuffix } from "./encrypted-suffix.ts";
import { findKeptRows, keepRows } from "./rows-to-keep.ts";
import { type BackupEstimate, checkSpace, estimateBackup } from "./estimate.ts";
import { savedTables } from "./saved-tables.ts";
import { openTarget } from "./open-target.ts";
import { type BackupTarget, resolveTarget } from "./target.ts";
import { type WrittenBackup, writeBackup } from "./write-backup.ts";

/** How long the preflight waits for a table that somebody has locked. */
const preflightLockMs = 30_000;

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
  refuseUnfit(request);
  const suffix = request.encryptFor === undefined ? "" : encryptedSuffix;
  const target = await resolveTarget({
    target: request.target,
    defaultPlace: settings.backup.place,
    defaultName: `${backupFileName(settings.backup.filename, startedAt)}${suffix}`,
    noZip: request.noZip,
    overwrite: request.overwrite,
    cwd: context.cwd,
  });
  const client = await connect(settings.database, { lockTimeoutMs: preflightLockMs });
  const end = (): void => void client.end().catch(() => undefined);
  // A statement that waits for somebody's lock would keep us from stopping.
  context.signal.addEventListener("abort", end, { once: true });
  let fromStandby = false;
  try {
    fromStandby = await isStandby(client);
    await takeOperationLock(client);
    if (!request.dryRun) await tidy(settings, client, context, reporter);
    const application = await detectApplication(client);
    const pgDump = await findPgDump(
      Math.floor((await serverVersionNumber(client)) / 10000),
      context.env,
      settings.ngwbackup.pgBinDir,
    );
    const saved = await savedTables(client, application);
    const estimate = await estimateBackup(client, application, saved, request.compression);
    await checkStorage(settings, estimate);
    // How little an archive takes that refers to another is not known beforehand.
    if (request.base === undefined && (target.kind === "file" || target.kind === "folder")) {
      const warning = await checkSpace(dirname(target.path), estimate);
      if (warning !== undefined) reporter.report({ type: "warning", code: "space", message: warning });
    }
    const access = accessWith(settings, context, reporter);
    const base =
      request.base === undefined
        ? noBase(request.compression === "zstd")
        : await findBase(
            {
              base: request.base,
              target,
              defaultPlace: settings.backup.place,
              application,
              instanceId: await application.instanceId(client),
              databaseName: await databaseName(client),
              keptFolder: keptFolder(settings, "manifests"),
            },
            access,
          );
    try {
      if (request.dryRun) return { target, estimate, written: undefined };
      const zip = { modifiedAt: startedAt, deflateLevel: deflateLevel(request) };
      const writeLimit = rateLimit(request.writeRate, context.signal);
      const writer = await openTarget(target, { ...request, zip, writeLimit }, context);
      const finished = await writeBackup({
        request,
        base,
        keptRows: await findKeptRows(settings, base.archives[0]?.sha256),
        application,
        pgDumpPath: pgDump.path,
        folders: storageFolders(settings),
        writer,
        saved,
        estimate,
        startedAt,
        context,
        reporter,
      });
      const { written, rows } = finished;
      await keepForLater(request, target, finished, access);
      const isRecorded = !request.oneShot && (await recordBackup(client, application, startedAt, reporter));
      if (isRecorded && rows !== undefined) await keepRows(rows, { settings, application, client }, access);
      return { target, estimate, written };
    } finally {
      await base.close();
    }
  } catch (error) {
    context.signal.throwIfAborted();
    throw fromStandby ? withStandbyHints(error) : error;
  } finally {
    context.signal.removeEventListener("abort", end);
    await client.end().catch(() => undefined);
  }
}

/**
 * Settles what dead runs left; that this cannot be done is no reason to go without a backup.
 * @throws BusyError when a restore lives that is about to change files
 */
async function tidy(settings: Settings, client: Client, context: Context, reporter: Reporter): Promise<void> {
  try {
    await clearLeftovers(settings, context, reporter);
    await refuseLiveRestore(settings, client);
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof Error) || error instanceof BusyError) throw error;
    reporter.report({
      type: "warning",
      code: "not-tidied",
      message: `what an earlier run left behind could not be settled: ${error.message}`,
    });
  }
}

/**
 * Refuses to back up an instance whose files cannot be found: a disk that is not mounted would else give an archive
 * without a single blob.
 */
async function checkStorage(settings: Settings, { blobs }: BackupEstimate): Promise<void> {
  if (blobs === 0) return;
  const folder = settings.fileStoragePath;
  if (folder === undefined)
    throw new UsageError("no-sdir", `the database lists ${blobs} files, and sdir is not configured`, {
      hints: ["set sdir in section [core] of the configuration"],
    });
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() !== true)
    throw new RefusedError("no-storage", `the database lists ${blobs} files, and there is no folder ${folder}`, {
      hints: ["is its disk mounted? ngwbackup config shows where sdir and file_storage.path come from"],
    });
}

async function databaseName(client: Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>("select pg_catalog.current_database() as name");
  return rows[0]?.name ?? "";
}

async function isStandby(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ standby: boolean }>("select pg_catalog.pg_is_in_recovery() as standby");
  return rows[0]?.standby === true;
}

/** Writes `last_backup`; the archive is complete by then, so that a failure is only told. @returns whether it was written */
async function recordBackup(
  client: Client,
  application: Application,
  startedAt: Date,
  reporter: Reporter,
): Promise<boolean> {
  try {
    if (await isStandby(client)) return false;
    await application.recordBackup(client, startedAt);
    return true;
  } catch (error) {
    reporter.report({
      type: "warning",
      code: "last-backup",
      message: `the archive is complete, but the time of the backup could not be written into the database: ${(error as Error).message}`,
    });
    return false;
  }
}
