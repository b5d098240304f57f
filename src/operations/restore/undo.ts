import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import { AppError, RefusedError, messageOf } from "../../errors.ts";
import type { RestoreFiles } from "../../files/restore-files.ts";
import { bringBackOldFiles, dropTiles, putNewFiles, removeOldFiles } from "../../files/swap-files.ts";
import { findWorkFolders, removeWorkFolder, adoptWorkFolder } from "../../files/work-folder.ts";
import { connect } from "../../postgres/connection.ts";
import { takeOperationLock } from "../../postgres/operation-lock.ts";
import { type Reporter, startStage } from "../../progress.ts";
import { clearLeftovers } from "../recovery/clear-leftovers.ts";
import { refuseLiveRestore } from "../recovery/refuse-live-restore.ts";
import { storageFolders } from "../storage-folders.ts";
import { type KeptDatabaseState, databaseStates } from "./database-states.ts";
import { backendPid } from "./restore.ts";
import { type RunRecord, readRunRecord, restoreFilesOf, writeRunRecord } from "./run-record.ts";

/**
 * Brings back the database and the files from before the last restore, by one switch.
 * @returns the state that was brought back
 * @throws RefusedError when nothing is kept, or sessions are connected
 */
export async function undoRestore(
  settings: Settings,
  context: Context,
  reporter: Reporter,
): Promise<KeptDatabaseState> {
  const lock = await connect(settings.database);
  try {
    await takeOperationLock(lock);
    await clearLeftovers(settings, context, reporter);
    await refuseLiveRestore(settings, lock);
    const states = databaseStates(settings, context, reporter);
    const [state] = await states.kept();
    if (state === undefined)
      throw new RefusedError("nothing-to-undo", "no previous state is kept, so there is nothing to undo", {
        hints: ["restore an archive instead: ngwbackup list shows those of the configured place"],
      });
    const folders = storageFolders(settings);
    const work = (await findWorkFolders(folders)).find(
      ({ runId, kind }) => runId === state.runId && kind === "restore",
    );
    if (work === undefined && folders.blobFolder !== undefined)
      throw new RefusedError(
        "no-work-folder",
        `the files of the previous state are not there: expected a folder restore-${state.runId}`,
        {
          hints: [
            "look for it in <sdir>/ngwbackup and put it back",
            "restore an archive instead",
            "drop what is left of that state: ngwbackup restore --keep-previous 0",
          ],
        },
      );
    const record = work === undefined ? undefined : await readRunRecord(work);
    const files = work === undefined ? undefined : await restoreFilesOf(work, folders, context.isRoot);
    if (work !== undefined && record !== undefined) {
      await adoptWorkFolder(work, context.pid);
      await writeRunRecord(work, { ...record, state: "undoing" } satisfies RunRecord);
    }
    startStage(reporter, "undo");
    try {
      await states.undo(state, {
        ownPids: [await backendPid(lock)],
        releaseLock: () => lock.end(),
        beforeCommit: async () => {
          if (files !== undefined) await bringBackOldFiles(files);
        },
      });
    } catch (error) {
      // When nobody knows whether it was committed, the next command asks the database.
      const isUnknown = error instanceof AppError && error.code === "commit-unknown";
      if (files !== undefined && record !== undefined && !isUnknown) await goForward(files, record, reporter);
      throw error;
    }
    await tidy(files);
    return state;
  } finally {
    await lock.end().catch(() => undefined);
  }
}

/** Puts the restored state's files live again; when that fails, the first error is the one that counts. */
async function goForward(files: RestoreFiles, record: RunRecord, reporter: Reporter): Promise<void> {
  try {
    await putNewFiles(files);
    await removeOldFiles(files);
    await writeRunRecord(files.work, { ...record, state: "finished" });
  } catch (error) {
    reporter.report({
      type: "warning",
      code: "not-taken-back",
      message: `files could not be put back, which the next command tries again: ${messageOf(error)}`,
    });
  }
}

/** What comes after the switch: it is done, whatever fails here. */
async function tidy(files: RestoreFiles | undefined): Promise<void> {
  if (files === undefined) return;
  try {
    await dropTiles(files);
    await removeWorkFolder(files.work);
  } catch (error) {
    throw new AppError(
      "undone-not-tidied",
      `the undo is complete, but tidying up after it failed: ${messageOf(error)}`,
      { cause: error, hints: ["ngwbackup check finishes it"] },
    );
  }
}
