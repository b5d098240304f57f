import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import { RefusedError } from "../../errors.ts";
import type { Finding } from "../../finding.ts";
import { connect, type Client } from "../../postgres/connection.ts";
import { takeOperationLock } from "../../postgres/operation-lock.ts";
import { type Reporter, startStage } from "../../progress.ts";
import { type ArchiveContents, readContents } from "../contents/archive-contents.ts";
import { type OpenedArchive, openArchive } from "../open-archive.ts";
import type { DecryptionChoice } from "../encryption/decryption.ts";
import { clearLeftovers } from "../recovery/clear-leftovers.ts";
import { refuseLiveRestore } from "../recovery/refuse-live-restore.ts";
import { accessWith } from "../stores/archive-access.ts";
import { structureDamages } from "../verify/structure.ts";
import { missingEntries, notSound, verifyArchive } from "../verify/verify.ts";
import { expectRestore } from "./expected-stages.ts";
import { type RestorePlan, planRestore } from "./plan.ts";
import type { RestoreWay } from "./run-record.ts";
import { type RestoreResult, runRestore } from "./run-restore.ts";

/** What is asked of a restore. */
export interface RestoreRequest {
  settings: Settings;
  /** ARCHIVE of the command line: a file, a folder, a store's URL, or `-`. */
  archive: string;
  /** What the command line says about an encrypted archive. */
  keys?: DecryptionChoice;
  /** Undefined: chosen by what is possible. */
  way: RestoreWay | undefined;
  jobs: number;
  /** Compare the whole archive with its digests before anything is begun. */
  verify: boolean;
  dryRun: boolean;
  /** How long the previous state is kept; 0: not at all. */
  keepPreviousMs: number;
  /** Shown the plan before anything is touched; false ends it. */
  confirm(plan: RestorePlan): Promise<boolean>;
}

/** What a restore came to; `result` is undefined for a dry run or when it was not confirmed. */
export interface RestoreOutcome {
  plan: RestorePlan;
  result: RestoreResult | undefined;
}

/**
 * Puts an archive back: everything is checked first, then files and database are made ready aside, then one switch.
 * @throws DamagedError (5), RefusedError (4), BusyError (6) before anything was touched; any other AppError says in which
 * state things are
 */
export async function restore(request: RestoreRequest, context: Context, reporter: Reporter): Promise<RestoreOutcome> {
  const { settings } = request;
  if (settings.sdirPath === undefined && settings.fileStoragePath === undefined)
    reporter.report({
      type: "warning",
      code: "no-sdir",
      message: "sdir is not configured, so files (rasters, attachments, fonts) are not restored",
    });
  const opened = await openArchive(request.archive, accessWith(settings, context, reporter, request.keys));
  try {
    const contents = await readChecked(opened, request, context, reporter);
    const lock = await connect(settings.database);
    try {
      return await withLock(lock, contents, request, context, reporter);
    } finally {
      await lock.end().catch(() => undefined);
    }
  } finally {
    await opened.reader.close();
  }
}

async function readChecked(
  { reader, source }: OpenedArchive,
  request: RestoreRequest,
  context: Context,
  reporter: Reporter,
): Promise<ArchiveContents> {
  if (!request.verify) {
    const contents = await readContents(reader);
    // Costs nothing, and a table whose rows are missing would come back empty.
    const missing = missingEntries(contents);
    if (missing.length > 0) throw notSound(reader.label, missing);
    reporter.report({ type: "plan", stages: expectRestore(contents) });
    return contents;
  }
  const { contents, problems } = await verifyArchive(
    reader,
    source === undefined ? [] : await structureDamages(source),
    reporter,
    { decode: false, afterwards: request.dryRun ? undefined : expectRestore, signal: context.signal },
  );
  if (problems.length > 0 || contents === undefined) throw notSound(reader.label, problems);
  return contents;
}

async function withLock(
  lock: Client,
  contents: ArchiveContents,
  request: RestoreRequest,
  context: Context,
  reporter: Reporter,
): Promise<RestoreOutcome> {
  await takeOperationLock(lock);
  if (!request.dryRun) {
    await clearLeftovers(request.settings, context, reporter);
    await refuseLiveRestore(request.settings, lock);
  }
  const ownPids = [await backendPid(lock)];
  startStage(reporter, "checks");
  const plan = await planRestore(contents, request, ownPids, context);
  const failed = plan.findings.filter(({ level }) => level === "fail");
  if (failed.length > 0 && !request.dryRun) throw refusal(failed);
  if (request.dryRun || !(await request.confirm(plan))) return { plan, result: undefined };
  const result = await runRestore(contents, plan, request, { lock, ownPids }, context, reporter);
  return { plan, result };
}

/** The server process of a session of ours, which must not count as somebody else's. */
export async function backendPid(client: Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>("select pg_catalog.pg_backend_pid() as pid");
  return rows[0]!.pid;
}

/** The error that names everything that stands against a restore. */
export function refusal(failed: readonly Finding[]): RefusedError {
  const [first] = failed;
  const details = failed.flatMap((finding, index) => [
    ...(index === 0 ? [] : [finding.message]),
    ...(finding.details ?? []),
  ]);
  const hints = [...new Set(failed.flatMap(({ hint }) => hint?.split("\n") ?? []))];
  return new RefusedError(first!.check, first!.message, { details, hints });
}
