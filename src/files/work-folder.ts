import { lstat, mkdir, readFile, readdir, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { namingFile, systemCode, systemHints } from "../disk-errors.ts";
import { AppError, messageOf } from "../errors.ts";
import { ownUid } from "../own-user.ts";
import { describeOwner, isOwnerAlive, parseOwner } from "../run-owner.ts";
import type { StorageFolders } from "./storage-layout.ts";
import { syncPath } from "./sync-files.ts";

/**
 * What a run's folder is for: `pins` holds a backup's hard links, `restore` what a restore stages and moves away. `removed` was
 * one of a restore's that nobody needs any more, whatever of it is still there.
 */
export type WorkKind = "pins" | "restore" | "removed";

/** A private folder of one run, on the file system of the blobs, so that links and renames work. */
export interface WorkFolder {
  kind: WorkKind;
  runId: string;
  path: string;
  /** Whether the process that made it still runs. */
  alive: boolean;
}

const ownerFile = "owner.json";

/**
 * Folders in which runs may keep their work, best first: beside the storage, where neither the application's clean-up nor
 * a copy of the storage meets it; inside it only where the storage is a file system of its own.
 */
function parents(folders: StorageFolders): string[] {
  const places: string[] = [];
  if (folders.dataFolder !== undefined) places.push(join(folders.dataFolder, "ngwbackup"));
  if (folders.blobFolder !== undefined) {
    places.push(join(dirname(folders.blobFolder), `.${basename(folders.blobFolder)}.ngwbackup`));
    places.push(join(folders.blobFolder, ".ngwbackup"));
  }
  return places;
}

/** Makes a parent, but never the data folder itself: where that is missing, a disk is not mounted. */
async function makeParent(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/**
 * Holds what stands in the place of a work folder to be a folder of somebody who may tell us what to do with the instance's
 * files: ourselves, root, or who owns the data. Others may be able to write into the data folder, and could send us astray.
 * @throws AppError for anything else; nothing when nothing stands there
 */
async function checkTrust(path: string, folders: StorageFolders): Promise<void> {
  const found = await lstat(path).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return undefined;
    throw unreadable(path, error);
  });
  if (found === undefined) return;
  const trusted = [0, ownUid()];
  for (const folder of [folders.dataFolder, folders.blobFolder]) {
    const stats = folder === undefined ? undefined : await stat(folder).catch(() => undefined);
    if (stats !== undefined) trusted.push(stats.uid);
  }
  if (found.isDirectory() && trusted.includes(found.uid)) return;
  const what = found.isDirectory() ? `a folder of user ${found.uid}` : "no folder, or a symbolic link";
  throw new AppError("work-folder-untrusted", `${path} was not made by ngwbackup: it is ${what}`, {
    hints: [
      found.isDirectory()
        ? `run as user ${found.uid}, who can settle what is in it`
        : "find out who made it, and move it away",
    ],
  });
}

async function deviceOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).dev;
  } catch {
    return undefined;
  }
}

/**
 * Makes the folder of a run, mode 0700, marked with its owner.
 * @param runId unique name of the run
 * @param pid our process
 * @throws AppError when no place on the storage's file system can be written
 */
export async function createWorkFolder(
  folders: StorageFolders,
  kind: WorkKind,
  runId: string,
  pid: number,
): Promise<WorkFolder> {
  const device = await deviceOf(folders.blobFolder ?? folders.dataFolder ?? "/");
  let lastError: unknown;
  for (const parent of parents(folders)) {
    try {
      await makeParent(parent);
      await checkTrust(parent, folders);
      if (device !== undefined && (await deviceOf(parent)) !== device) {
        await rmdir(parent).catch(() => undefined);
        continue;
      }
      const path = join(parent, `${kind}-${runId}`);
      await mkdir(path, { mode: 0o700 });
      const made: WorkFolder = { kind, runId, path, alive: true };
      try {
        await writeOwner(path, pid);
      } catch (error) {
        await removeWorkFolder(made).catch(() => undefined);
        throw error;
      }
      return made;
    } catch (error) {
      lastError = error;
      // One of somebody else's is not ours to remove.
      if (!(error instanceof AppError)) await rmdir(parent).catch(() => undefined);
    }
  }
  const place = folders.blobFolder ?? folders.dataFolder ?? "";
  const isFull = ["ENOSPC", "EDQUOT"].includes(systemCode(lastError));
  throw new AppError(
    "no-work-folder",
    `cannot make a work folder on the file system of ${place}: ${lastError === undefined ? "no writable place" : messageOf(lastError)}`,
    {
      cause: lastError,
      hints: isFull ? systemHints(lastError, place) : ["run as the user that owns the data folder (sdir)"],
    },
  );
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw unreadable(folder, error);
  }
}

/** @returns "" when there is none yet */
async function ownerText(folder: string): Promise<string> {
  const path = join(folder, ownerFile);
  try {
    return await namingFile(path, () => readFile(path, "utf8"));
  } catch (error) {
    if (systemCode(error) === "ENOENT") return "";
    throw unreadable(path, error);
  }
}

// What cannot be seen could be an unfinished run, or what an undo needs.
function unreadable(path: string, error: unknown): AppError {
  return new AppError("work-folder-unreadable", `cannot look into ${path}: ${messageOf(error)}`, {
    cause: error,
    hints: ["run as the user that made it, or as root"],
  });
}

async function writeOwner(folder: string, pid: number): Promise<void> {
  const path = join(folder, ownerFile);
  const text = JSON.stringify(await describeOwner(pid));
  await namingFile(path, () => writeFile(path, text, { mode: 0o600 }));
}

/** Every run's folder that exists, of live and dead runs. */
export async function findWorkFolders(folders: StorageFolders): Promise<WorkFolder[]> {
  const found: WorkFolder[] = [];
  for (const parent of new Set(parents(folders))) {
    const names = await namesIn(parent);
    if (names.length > 0) await checkTrust(parent, folders);
    for (const name of names) {
      const match = /^(pins|restore|removed)-([A-Za-z0-9-]+)$/.exec(name);
      if (match === null) continue;
      const path = join(parent, name);
      await checkTrust(path, folders);
      const owner = parseOwner(await ownerText(path));
      found.push({
        kind: match[1] as WorkKind,
        runId: match[2]!,
        path,
        // A folder whose owner was not written yet or was half written belongs to a run that died at its start.
        alive: owner !== undefined && (await isOwnerAlive(owner)),
      });
    }
  }
  return found;
}

/** Removes the parents of runs' folders that are empty: a run that died right at its start leaves one. */
export async function removeEmptyParents(folders: StorageFolders): Promise<void> {
  for (const parent of parents(folders)) await rmdir(parent).catch(() => undefined);
}

/** Takes over the folder of a dead run, so that no other process clears it at the same time. */
export async function adoptWorkFolder(folder: WorkFolder, pid: number): Promise<void> {
  await writeOwner(folder.path, pid);
}

/**
 * Removes a run's folder with all in it, and its parent when that is empty then. One of a restore gets another name first: what is
 * half there would be taken for what is to be put back, or would no longer say what is.
 */
export async function removeWorkFolder(folder: WorkFolder): Promise<void> {
  const parent = dirname(folder.path);
  const path = folder.kind === "restore" ? await nameAsRemoved(folder) : folder.path;
  // The owner goes last: a folder that is half removed stays recognisable as a dead run's.
  for (const name of await readdir(path).catch(() => []))
    if (name !== ownerFile) await rm(join(path, name), { recursive: true, force: true });
  await rm(path, { recursive: true, force: true });
  await rmdir(parent).catch(() => undefined);
}

/** Durably, as a power failure may come at any moment of the removal. */
async function nameAsRemoved({ path, runId }: WorkFolder): Promise<string> {
  const parent = dirname(path);
  const removed = join(parent, `removed-${runId}`);
  try {
    await rename(path, removed);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return removed;
    throw error;
  }
  await syncPath(parent);
  return removed;
}
