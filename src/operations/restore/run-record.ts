import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { namingFile, systemCode } from "../../disk-errors.ts";
import { AppError, messageOf } from "../../errors.ts";
import { type AreaFolders, type RestoreFiles } from "../../files/restore-files.ts";
import type { StorageFolders } from "../../files/storage-layout.ts";
import { syncPath } from "../../files/sync-files.ts";
import type { WorkFolder } from "../../files/work-folder.ts";
import { writeWhole } from "../../files/write-whole.ts";

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
  await writeWhole(join(work.path, recordName), (append) => append(JSON.stringify(record)));
  await syncPath(work.path);
}

/**
 * Reads a record; undefined when the run died before it wrote one, and so before it did anything.
 * @throws AppError when there is one that cannot be read: the run may have switched, or be kept for an undo
 */
export async function readRunRecord(work: WorkFolder): Promise<RunRecord | undefined> {
  const path = join(work.path, recordName);
  try {
    return JSON.parse(await namingFile(path, () => readFile(path, "utf8"))) as RunRecord;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw new AppError("run-record", `cannot read ${path}, which tells how far a restore came: ${messageOf(error)}`, {
      cause: error,
      hints: ["try again, as the user that made it or as root"],
    });
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
    } catch (error) {
      // The next folder up tells as well.
      if (systemCode(error) !== "ENOENT") throw error;
    }
  }
  return files;
}
