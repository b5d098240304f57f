import { tmpdir } from "node:os";
import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import { AppError, DamagedError, UsageError, messageOf } from "../../errors.ts";
import { sqlState } from "../../postgres/connection-errors.ts";
import type { Reporter } from "../../progress.ts";
import { startStage } from "../../progress.ts";
import { type ArchiveContents, readContents } from "../contents/archive-contents.ts";
import type { DecryptionChoice } from "../encryption/decryption.ts";
import { latestArchive } from "../list/latest-archive.ts";
import { latestName } from "../list/latest-name.ts";
import { openArchive } from "../open-archive.ts";
import { restore } from "../restore/restore.ts";
import { accessWith } from "../stores/archive-access.ts";
import { checkRoom } from "./check-room.ts";
import { type DrillCheck } from "./drill-check.ts";
import { type DrillPlace, openDrillPlace } from "./drill-place.ts";
import { estimateRecovery } from "./estimate-recovery.ts";
import { refuseInstance } from "./given-server.ts";
import { runChecks } from "./run-checks.ts";
import { type StageTime, StageTimes } from "./stage-times.ts";

/** What is asked of a drill. */
export interface DrillRequest {
  settings: Settings;
  /** Path or URL of an archive, or `latest`. */
  archive: string;
  jobs: number;
  /** What the command line says about an encrypted archive. */
  keys?: DecryptionChoice;
}

/** What a drill came to. */
export interface DrillReport {
  archive: string;
  /** When the archive's snapshot was taken, RFC 3339; undefined when it does not say. */
  snapshotAt: string | undefined;
  /** Whether every check that was made found nothing wrong. */
  isSound: boolean;
  checks: readonly DrillCheck[];
  /** What a recovery took here, archive to instance, without the checks after it. */
  recovery: readonly StageTime[];
  recoveryMs: number;
  /** What it would take on the instance's own server; undefined when that cannot be asked. */
  estimateMs: number | undefined;
  /** What this drill says nothing about. */
  notChecked: readonly string[];
}

/**
 * Restores an archive completely into a throw-away place, checks what came out, and removes it again. The configured
 * instance is not touched.
 * @throws DamagedError when the archive is not sound; RefusedError beforehand, when there is no archive or no room; any other
 * AppError: no verdict
 */
export async function drill(request: DrillRequest, context: Context, reporter: Reporter): Promise<DrillReport> {
  const { settings } = request;
  if (request.archive === "-")
    throw new UsageError("drill-stdin", "a drill reads its archive more than once, which stdin cannot give");
  refuseInstance(settings);
  const access = accessWith(settings, context, reporter, request.keys);
  const archive = request.archive === latestName ? await latestArchive(access) : request.archive;
  const opened = await openArchive(archive, access);
  try {
    const contents = await readContents(opened.reader);
    const folder = settings.backup.tmpdir ?? context.env.TMPDIR ?? tmpdir();
    const unseen = await checkRoom(contents, folder, settings);
    startStage(reporter, settings.ngwbackup.drill.server === undefined ? "private server" : "database for the drill");
    const place = await openDrillPlace(folder, contents.manifest?.header, settings, context, reporter);
    try {
      const report = await restoreAndCheck({ ...request, archive }, contents, place, context, reporter);
      return { ...report, notChecked: [...unseen, ...report.notChecked] };
    } finally {
      startStage(reporter, "clearing up");
      await place.close();
    }
  } finally {
    await opened.reader.close();
  }
}

async function restoreAndCheck(
  request: DrillRequest,
  contents: ArchiveContents,
  place: DrillPlace,
  context: Context,
  reporter: Reporter,
): Promise<DrillReport> {
  const { archive, jobs } = request;
  const times = new StageTimes(reporter);
  let findings;
  try {
    const { plan } = await restore(
      {
        settings: place.settings,
        archive,
        ...(request.keys === undefined ? {} : { keys: request.keys }),
        way: "side-by-side",
        jobs,
        verify: true,
        dryRun: false,
        keepPreviousMs: 0,
        confirm: () => Promise.resolve(true),
      },
      context,
      times,
    );
    findings = plan.findings;
  } catch (error) {
    context.signal.throwIfAborted();
    throw error instanceof DamagedError ? error : (contradiction(archive, error) ?? noVerdict(error));
  } finally {
    times.end();
  }
  startStage(reporter, "checks of the copy");
  const { checks, notChecked } = await runChecks({ contents, place, request, findings, context }).catch(
    (error: unknown) => {
      context.signal.throwIfAborted();
      throw noVerdict(error);
    },
  );
  const recovery = times.times;
  return {
    archive,
    snapshotAt: contents.manifest?.header.snapshotAt,
    isSound: checks.every(({ state }) => state !== "bad"),
    checks,
    recovery,
    recoveryMs: recovery.reduce((sum, { durationMs }) => sum + durationMs, 0),
    estimateMs: await estimateRecovery(recovery, place.checks, request.settings.database),
    notChecked: [...place.notes, ...notChecked],
  };
}

/** Rows that the server does not take, or that contradict each other (exit 5): no server would take this archive. */
function contradiction(archive: string, error: unknown): DamagedError | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (!/^(22|23)/.test(sqlState(cause))) continue;
    return new DamagedError("not-restorable", `${archive} cannot be restored: ${messageOf(error)}`, { cause: error });
  }
  return undefined;
}

/** What has nothing to do with whether the archive is sound (exit 1). */
function noVerdict(error: unknown): unknown {
  if (!(error instanceof AppError)) return error;
  return new AppError("no-verdict", `the drill came to no verdict: ${messageOf(error)}`, {
    cause: error,
    hints: error.hints,
    details: error.details,
  });
}
