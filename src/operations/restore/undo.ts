import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import { AppError, RefusedError } from "../../errors.ts";
import { bringBackOldFiles, dropTiles, putNewFiles, removeOldFiles } from "../../files/swap-files.ts";
import { findWorkFolders, removeWorkFolder, adoptWorkFolder } from "../../files/work-folder.ts";
import { connect } from "../../postgres/connection.ts";
import { takeOperationLock } from "../../postgres/operation-lock.ts";
import { type Reporter, startStage } from "../../progress.ts";
import { clearLeftovers } from "../recovery/clear-leftovers.ts";
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
    const states = databaseStates(settings, context, reporter);
    const [state] = await states.kept();
    if (state === undefined)
      throw new RefusedError("nothing-to-undo", "no previous state is kept, so there is nothing to undo", {
        hints: ["restore an archive instead: ngwbackup list shows those of backup.path"],
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
          hints: ["look for it in <sdir>/ngwbackup and put it back", "restore an archive instead"],
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
      if (
        files !== undefined &&
        record !== undefined &&
        !(error instanceof AppError && error.code === "commit-unknown")
      ) {
        await putNewFiles(files);
        await removeOldFiles(files);
        await writeRunRecord(files.work, { ...record, state: "finished" });
      }
      throw error;
    }
    if (files !== undefined) await dropTiles(files);
    if (work !== undefined) await removeWorkFolder(work);
    return state;
  } finally {
    await lock.end().catch(() => undefined);
  }
}
