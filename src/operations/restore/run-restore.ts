import { randomInt } from "node:crypto";
import { type Application } from "../../applications/application.ts";
import { detectApplication } from "../../applications/detect.ts";
import type { Context } from "../../context.ts";
import { isWriteError, systemFailure } from "../../disk-errors.ts";
import { AppError, messageOf } from "../../errors.ts";
import type { RestoreFiles } from "../../files/restore-files.ts";
import { bringBackOldFiles, putNewFiles } from "../../files/swap-files.ts";
import type { StorageFolders } from "../../files/storage-layout.ts";
import { type WorkFolder, createWorkFolder, removeWorkFolder } from "../../files/work-folder.ts";
import { type Client, connect } from "../../postgres/connection.ts";
import type { Settings } from "../../config/settings.ts";
import { takeOperationLock } from "../../postgres/operation-lock.ts";
import { serverError } from "../../postgres/server-error.ts";
import { type Reporter, stageBehind, startStage } from "../../progress.ts";
import type { ArchiveContents } from "../contents/archive-contents.ts";
import { storageFolders } from "../storage-folders.ts";
import { databaseStates } from "./database-states.ts";
import { createDatabaseRestore, type DatabaseRestore } from "./database-ways.ts";
import { removeSurplusFiles } from "./finish-files.ts";
import type { RestorePlan } from "./plan.ts";
import type { RestoreRequest } from "./restore.ts";
import { type RunRecord, restoreFilesOf, writeRunRecord } from "./run-record.ts";
import { stageFiles, type StagedFiles } from "./stage-files.ts";

/** What a finished restore did. */
export interface RestoreResult {
  staged: StagedFiles;
  /** Files moved away because the archive does not know them. */
  removed: number;
  /** Until when the previous state can be brought back; undefined when it is not kept. */
  keptUntil: Date | undefined;
  /** What the application's own mending did. */
  notes: string[];
}

/** The session that holds the operation lock, and our sessions in the database. */
export interface HeldLock {
  lock: Client;
  ownPids: readonly number[];
}

/**
 * Carries a planned restore out. Whatever fails before the switch is taken back; whatever fails after it is finished by the
 * next command.
 */
export async function runRestore(
  contents: ArchiveContents,
  plan: RestorePlan,
  request: RestoreRequest,
  held: HeldLock,
  context: Context,
  reporter: Reporter,
): Promise<RestoreResult> {
  const { settings } = request;
  const folders = storageFolders(settings);
  const runId = newRunId();
  const keepUntil = new Date(context.now().getTime() + request.keepPreviousMs);
  const notes: string[] = [];
  const work =
    folders.blobFolder === undefined && folders.dataFolder === undefined
      ? undefined
      : await createWorkFolder(folders, "restore", runId, context.pid);
  const files = work === undefined ? undefined : await filesOf(work, folders, context);
  const record: RunRecord = {
    state: "staging",
    way: plan.way,
    database: plan.database,
    startedAt: context.now().toISOString(),
    keepUntil: keepUntil.toISOString(),
    archive: contents.reader.label,
  };
  const stopBoth = new AbortController();
  const signal = AbortSignal.any([context.signal, stopBoth.signal]);
  const database = createDatabaseRestore(plan.way, {
    settings,
    contents,
    jobs: request.jobs,
    runId,
    keepUntil,
    held,
    context: { ...context, signal },
    reporter,
    afterLoad: async (client) => void notes.push(...(await (await detectApplication(client)).afterLoad(client))),
  });
  let staged: StagedFiles = { reused: 0, staged: 0, stagedBytes: 0 };
  try {
    if (files !== undefined) await writeRunRecord(files.work, record);
    const fileProgress = stageBehind(reporter, "files", plan.fileBytes);
    // Both only make ready, so they go side by side: the one waits for the disk while the other computes.
    await together(stopBoth, [
      async () => {
        if (files === undefined) return;
        const hold = request.keepPreviousMs > 0;
        staged = await stageFiles(contents, files, { hold, progress: fileProgress, signal });
      },
      async () => {
        await database.prepare();
        if (files !== undefined) fileProgress.show();
      },
    ]);
    context.signal.throwIfAborted();
    if (files !== undefined) await writeRunRecord(files.work, { ...record, state: "switching" });
    startStage(reporter, "switch");
    await database.switchOver(async () => {
      if (files !== undefined) await putNewFiles(files);
      context.signal.throwIfAborted();
    });
  } catch (error) {
    const isUnknown = error instanceof AppError && error.code === "commit-unknown";
    const isTakenBack = !isUnknown && (await takeBack(files, database, reporter));
    context.signal.throwIfAborted();
    throw isTakenBack ? asItWas(error) : error;
  }
  return await finish({ files, record, runId, request, context, reporter, staged, notes, keepUntil });
}

/** The files' half in a work folder, which goes when that cannot be told. */
async function filesOf(work: WorkFolder, folders: StorageFolders, context: Context): Promise<RestoreFiles> {
  try {
    return await restoreFilesOf(work, folders, context.isRoot);
  } catch (error) {
    await removeWorkFolder(work).catch(() => undefined);
    throw error;
  }
}

/** Runs tasks at the same time; the first that fails stops the others, and its error is thrown once all have ended. */
async function together(stop: AbortController, tasks: readonly (() => Promise<void>)[]): Promise<void> {
  let failure: { error: unknown } | undefined;
  await Promise.all(
    tasks.map(async (task) => {
      try {
        await task();
      } catch (error) {
        failure ??= { error };
        stop.abort(error);
      }
    }),
  );
  if (failure !== undefined) throw failure.error;
}

/**
 * Takes everything back, whatever of it fails: the first error is the one that counts, and the next command tries again.
 * @returns whether all of it was taken back
 */
async function takeBack(
  files: RestoreFiles | undefined,
  database: DatabaseRestore,
  reporter: Reporter,
): Promise<boolean> {
  let isComplete = true;
  const attempt = async (what: string, action: () => Promise<void>): Promise<void> => {
    try {
      await action();
    } catch (error) {
      isComplete = false;
      reporter.report({
        type: "warning",
        code: "not-taken-back",
        message: `${what}, which the next command tries again: ${messageOf(error)}`,
      });
    }
  };
  if (files !== undefined) await attempt("files could not be taken back", () => bringBackOldFiles(files));
  await attempt("what was loaded aside could not be dropped", () => database.discard());
  // Last: the next command knows by it that there is something to take back.
  if (files !== undefined && isComplete)
    await attempt("the work folder could not be removed", () => removeWorkFolder(files.work));
  return isComplete;
}

/** A failure of the disk or the server, with the state that things are in. */
function asItWas(error: unknown): unknown {
  const ofServer = serverError(error, "the instance is as it was");
  if (ofServer !== undefined) return ofServer;
  const state = "; the instance is as it was";
  if (!isWriteError(error)) return systemFailure(error, undefined, state);
  const { code, message, hints, details } = error;
  return new AppError(code, `${message}${state}`, { cause: error, hints, details });
}

interface FinishOptions {
  files: RestoreFiles | undefined;
  record: RunRecord;
  runId: string;
  request: RestoreRequest;
  context: Context;
  reporter: Reporter;
  staged: StagedFiles;
  notes: string[];
  keepUntil: Date;
}

/** After the switch: files that belong to nothing any more, and the previous state when it is not to be kept. */
async function finish(options: FinishOptions): Promise<RestoreResult> {
  const { files, request, staged, notes, keepUntil } = options;
  const { settings } = request;
  try {
    const removed = await withDatabase(settings, options.record.way, async (client, application) =>
      files === undefined
        ? 0
        : await removeSurplusFiles(files, new Date(options.record.startedAt), client, application),
    );
    if (files !== undefined) await writeRunRecord(files.work, { ...options.record, state: "finished" });
    const keep = request.keepPreviousMs > 0 && !(removed === 0 && (await wasEmpty(options)));
    if (!keep) await dropNow(options);
    return { staged, removed, keptUntil: keep ? keepUntil : undefined, notes };
  } catch (error) {
    throw new AppError(
      "restored-not-tidied",
      `the restore is complete, but tidying up after it failed: ${messageOf(error)}`,
      { cause: error, hints: ["ngwbackup check finishes it"] },
    );
  }
}

/** Whether the instance held nothing before: an undo would bring nothing back, and the state would only be in the way. */
async function wasEmpty({ runId, request, context, reporter, staged }: FinishOptions): Promise<boolean> {
  const kept = await databaseStates(request.settings, context, reporter).kept();
  return staged.reused === 0 && kept.find((state) => state.runId === runId)?.isEmpty === true;
}

async function dropNow({ files, runId, request, context, reporter }: FinishOptions): Promise<void> {
  if (files !== undefined) await removeWorkFolder(files.work);
  const states = databaseStates(request.settings, context, reporter);
  for (const state of await states.kept()) if (state.runId === runId) await states.drop(state);
}

async function withDatabase<T>(
  settings: Settings,
  way: RunRecord["way"],
  action: (client: Client, application: Application) => Promise<T>,
): Promise<T> {
  const client = await connect(settings.database);
  try {
    // Side by side gave the lock back for its switch; in place another session of ours still holds it.
    if (way === "side-by-side") await takeOperationLock(client).catch(() => undefined);
    return await action(client, await detectApplication(client));
  } finally {
    await client.end();
  }
}

/** Both ways take 4 to 20 of a to z and digits. */
function newRunId(): string {
  return Array.from({ length: 10 }, () => randomInt(36).toString(36)).join("");
}
