import { detectApplication } from "../../applications/detect.ts";
import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import { bringBackOldFiles, dropTiles } from "../../files/swap-files.ts";
import {
  type WorkFolder,
  adoptWorkFolder,
  findWorkFolders,
  removeEmptyParents,
  removeWorkFolder,
} from "../../files/work-folder.ts";
import { connect } from "../../postgres/connection.ts";
import type { Reporter } from "../../progress.ts";
import { type DatabaseStates, databaseStates } from "../restore/database-states.ts";
import { finishFiles } from "../restore/finish-files.ts";
import { type RunRecord, readRunRecord, restoreFilesOf, writeRunRecord } from "../restore/run-record.ts";
import { storageFolders } from "../storage-folders.ts";
import { currentDatabase } from "../../postgres/current-database.ts";

/**
 * Finishes or takes back what runs left behind that died, and drops previous states whose time is over: work folders,
 * databases and schemas. The database's own marker tells whether a run that died had switched. Whatever a live run uses
 * stays. The caller holds the operation lock.
 */
export async function clearLeftovers(settings: Settings, context: Context, reporter: Reporter): Promise<void> {
  const states = databaseStates(settings, context, reporter);
  const folders = storageFolders(settings);
  const databaseName = await databaseOf(settings);
  for (const work of await findWorkFolders(folders)) {
    if (work.kind !== "restore") {
      if (work.alive) continue;
      await removeWorkFolder(work);
      const what =
        work.kind === "pins" ? "the links that a backup left behind in" : "the rest of what a restore had set aside,";
      reporter.report({ type: "message", message: `removed ${what} ${work.path}` });
    } else await settleRestore(work, databaseName, settings, states, context, reporter);
  }
  await removeEmptyParents(folders);
  const unsettled = new Set((await findWorkFolders(folders)).map(({ runId }) => runId));
  for (const state of await states.kept()) {
    if (state.keepUntil === undefined || state.keepUntil > context.now()) continue;
    // That its run has switched is known by the state alone, until the run has said so.
    if (unsettled.has(state.runId)) continue;
    await states.drop(state);
    reporter.report({ type: "message", message: "dropped the previous state of the database, whose time was over" });
  }
  await states.clearLeftovers();
}

async function databaseOf(settings: Settings): Promise<string> {
  const client = await connect(settings.database);
  try {
    return await currentDatabase(client);
  } finally {
    await client.end();
  }
}

async function settleRestore(
  work: WorkFolder,
  databaseName: string,
  settings: Settings,
  states: DatabaseStates,
  context: Context,
  reporter: Reporter,
): Promise<void> {
  const record = await readRunRecord(work);
  if (record !== undefined && record.database !== databaseName) {
    // Another instance with the same data folder, by mistake or on purpose: its files are none of ours.
    reporter.report({
      type: "warning",
      code: "other-database",
      message: `${work.path} belongs to a restore of database ${record.database}, and is left alone`,
    });
    return;
  }
  if (record?.state === "finished") return await settleFinished(work, record, states, context, reporter);
  if (work.alive) return;
  await adoptWorkFolder(work, context.pid);
  // What was killed may be at its COMMIT still, in the server.
  await states.waitForSwitch();
  const files = await restoreFilesOf(work, storageFolders(settings), context.isRoot);
  const switched = (await states.kept()).some(({ runId }) => runId === work.runId);
  if (record === undefined || record.state === "staging" || !switched) {
    // Without a record nothing was listed yet.
    if (record !== undefined) await bringBackOldFiles(files);
    if (record?.state === "undoing") await dropTiles(files);
    if (record?.way === "side-by-side") await states.dropUnmarked(work.runId);
    await removeWorkFolder(work);
    reporter.report({
      type: "message",
      message:
        record?.state === "undoing"
          ? "finished an undo that was interrupted"
          : "took back a restore that was interrupted before its switch",
    });
    return;
  }
  const client = await connect(settings.database);
  try {
    await finishFiles(files, new Date(record.startedAt), client, await detectApplication(client));
  } finally {
    await client.end();
  }
  const finished: RunRecord = { ...record, state: "finished" };
  await writeRunRecord(work, finished);
  reporter.report({
    type: "message",
    message:
      record.state === "undoing"
        ? "took back an undo that was interrupted before its switch"
        : "finished a restore that was interrupted after its switch",
  });
  // It may have been told to keep nothing.
  await settleFinished(work, finished, states, context, reporter);
}

async function settleFinished(
  work: WorkFolder,
  record: RunRecord,
  states: DatabaseStates,
  context: Context,
  reporter: Reporter,
): Promise<void> {
  const kept = (await states.kept()).find(({ runId }) => runId === work.runId);
  if (kept !== undefined && Date.parse(record.keepUntil) > context.now().getTime()) return;
  // The files go first: as long as the database's state is there, its folder is known to belong to it.
  await removeWorkFolder(work);
  if (kept !== undefined) await states.drop(kept);
  reporter.report({
    type: "message",
    message:
      kept === undefined
        ? `removed files that a restore had replaced, from ${work.path}`
        : "dropped the previous state of database and files, whose time was over",
  });
}
