import { open, readFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { type AreaFolders, type RestoreFiles } from "../../files/restore-files.ts";
import type { StorageFolders } from "../../files/storage-layout.ts";
import { syncPath } from "../../files/sync-files.ts";
import type { WorkFolder } from "../../files/work-folder.ts";

/** How the database is replaced. */
export type RestoreWay = "side-by-side" | "in-place";

/**
 * What a restore writes into its work folder, so that a later command can finish it, take it back or undo it.
 * `staging`: nothing live was touched. `switching`: the database may or may not have switched, its own marker tells.
 * `finished`: kept for an undo. `undoing`: as `switching`, the other way.
 */
export interface RunRecord {
  state: "staging" | "switching" | "finished" | "undoing";
  way: RestoreWay;
  database: string;
  /** When the run began, RFC 3339. */
  startedAt: string;
  /** Until when the previous state is kept, RFC 3339. */
  keepUntil: string;
  /** The archive, for people. */
  archive: string;
}

const recordName = "run.json";

/** Writes the record so that it is there whole, or as it was. */
export async function writeRunRecord(work: WorkFolder, record: RunRecord): Promise<void> {
  const path = join(work.path, recordName);
  const handle = await open(`${path}.part`, "w", 0o600);
  try {
    await handle.write(JSON.stringify(record));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.part`, path);
  await syncPath(work.path);
}

/** Reads a record; undefined when the run died before it wrote one, and so before it did anything. */
export async function readRunRecord(work: WorkFolder): Promise<RunRecord | undefined> {
  try {
    return JSON.parse(await readFile(join(work.path, recordName), "utf8")) as RunRecord;
  } catch {
    return undefined;
  }
}

/** The live folders that a restore replaces. */
export function areaFolders(folders: StorageFolders): AreaFolders {
  return {
    ...(folders.blobFolder === undefined ? {} : { blobs: folders.blobFolder }),
    ...(folders.fontFolder === undefined ? {} : { fonts: folders.fontFolder }),
    ...(folders.tileCacheFolder === undefined ? {} : { tiles: folders.tileCacheFolder }),
  };
}

/**
 * The files' half of a run.
 * @param isRoot whether we may give files to the owner of the data folder, who is the application's user
 */
export async function restoreFilesOf(
  work: WorkFolder,
  folders: StorageFolders,
  isRoot: boolean,
): Promise<RestoreFiles> {
  const files: RestoreFiles = { work, areas: areaFolders(folders) };
  if (!isRoot) return files;
  for (const folder of [folders.blobFolder, folders.dataFolder]) {
    if (folder === undefined) continue;
    try {
      const { uid, gid } = await stat(folder);
      return uid === 0 ? files : { ...files, owner: { uid, gid } };
    } catch {
      // The next folder up tells as well.
    }
  }
  return files;
}
