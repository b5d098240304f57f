import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import { findWorkFolders, removeWorkFolder } from "../../files/work-folder.ts";
import { connect } from "../../postgres/connection.ts";
import { takeOperationLock } from "../../postgres/operation-lock.ts";
import type { Reporter } from "../../progress.ts";
import { clearLeftovers } from "../recovery/clear-leftovers.ts";
import { refuseLiveRestore } from "../recovery/refuse-live-restore.ts";
import { storageFolders } from "../storage-folders.ts";
import { databaseStates } from "./database-states.ts";

/**
 * Drops every previous state that is kept, with its files; they cannot be brought back after that.
 * @returns how many there were
 */
export async function dropKept(settings: Settings, context: Context, reporter: Reporter): Promise<number> {
  const lock = await connect(settings.database);
  try {
    await takeOperationLock(lock);
    await clearLeftovers(settings, context, reporter);
    await refuseLiveRestore(settings, lock);
    const states = databaseStates(settings, context, reporter);
    const kept = await states.kept();
    for (const work of await findWorkFolders(storageFolders(settings)))
      if (kept.some(({ runId }) => runId === work.runId)) await removeWorkFolder(work);
    for (const state of kept) await states.drop(state);
    return kept.length;
  } finally {
    await lock.end().catch(() => undefined);
  }
}
