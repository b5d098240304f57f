import { copyFile, link, opendir, readdir, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { forEachAtOnce } from "../for-each-at-once.ts";
import {
  type PlannedFile,
  type RestoreFiles,
  exists,
  liveName,
  makeFolder,
  newName,
  previousName,
  readList,
} from "./restore-files.ts";
import { syncFileSystem, syncPath } from "./sync-files.ts";

/** Files that are moved at once: each takes several waits for the file system. */
const filesAtOnce = 16;

async function isSameFile(first: string, second: string): Promise<boolean> {
  const [a, b] = await Promise.all([stat(first), stat(second)]);
  return a.ino === b.ino && a.dev === b.dev;
}

function isOtherDevice(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "EXDEV";
}

/**
 * A rename that also removes the first name when both are links of one file, where rename(2) does nothing. Fonts may stand
 * on another file system than the blobs, and so than the work folder: they are copied beside their final name first.
 */
async function moveOver(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!isOtherDevice(error)) throw error;
    const beside = `${to}.ngwbackup-part`;
    await copyFile(from, beside);
    await syncPath(beside);
    await rename(beside, to);
  }
  await rm(from, { force: true });
}

/** A second name for a file, or a copy where that is on another file system. */
async function keepCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!isOtherDevice(error)) throw error;
    await copyFile(from, to);
  }
}

/**
 * Makes every staged file live. A live file of another content stays in the work folder; at no moment is a name without
 * a file. Files whose name nobody refers to yet are harmless, so this comes before the database's switch.
 */
export async function putNewFiles(files: RestoreFiles): Promise<void> {
  const touched = new Set<string>();
  await forEachAtOnce(readList(files, "put"), filesAtOnce, async (file) => {
    const live = liveName(files, file);
    const staged = newName(files, file);
    if (live === undefined) return;
    // Also what an earlier run has put, which may have died before it was durable.
    for (let place = dirname(live); place.length >= files.areas[file.area]!.length; place = dirname(place))
      touched.add(place);
    if (!(await exists(live))) return await moveToFreeName(files, staged, live);
    if (!(await exists(staged))) return;
    const kept = previousName(files, file);
    if (!(await exists(kept)) && !(await isSameFile(live, staged))) {
      await makeFolder(files, dirname(kept));
      await keepCopy(live, kept);
    }
    await moveOver(staged, live);
  });
  await syncFolders(touched);
}

/** Moves a staged file to a name that nothing has, as most are; nothing happens when it was moved before. */
async function moveToFreeName(files: RestoreFiles, staged: string, live: string): Promise<void> {
  try {
    await rename(staged, live);
  } catch {
    if (!(await exists(staged))) return;
    await makeFolder(files, dirname(live));
    await moveOver(staged, live);
  }
}

/** Makes names durable folder by folder: syncing the file system would wait for all that the database's server has written. */
async function syncFolders(folders: ReadonlySet<string>): Promise<void> {
  await forEachAtOnce(folders, filesAtOnce, async (folder) => {
    if (await exists(folder)) await syncPath(folder);
  });
}

/** Moves what the new state does not know out of the live folders; after the database's switch, never before. */
export async function removeOldFiles(files: RestoreFiles): Promise<void> {
  const touched = new Set<string>();
  for await (const file of readList(files, "remove")) {
    const live = liveName(files, file);
    if (live === undefined || !(await exists(live))) continue;
    if (file.area === "tiles") {
      // A cache of data that is gone: nobody wants it back.
      await rm(live, { recursive: true, force: true });
      continue;
    }
    const kept = previousName(files, file);
    await makeFolder(files, dirname(kept));
    await moveOver(live, kept);
    for (const folder of [dirname(live), dirname(kept)]) touched.add(folder);
    if (file.area === "blobs") await removeEmptyFolders(dirname(live), files.areas.blobs!);
  }
  await syncFolders(touched);
}

/** Puts the live folders back as they were before `putNewFiles`. */
export async function bringBackOldFiles(files: RestoreFiles): Promise<void> {
  for await (const file of readList(files, "put")) {
    const live = liveName(files, file);
    if (live === undefined) continue;
    const staged = newName(files, file);
    const kept = previousName(files, file);
    // What comes out of the live folders goes back to where it was staged, so that going forwards stays possible.
    if (await exists(kept)) {
      if (!(await exists(staged)) && (await exists(live))) await keepCopy(live, staged);
      await makeFolder(files, dirname(live));
      await moveOver(kept, live);
    } else if (!(await exists(staged)) && (await exists(live))) {
      await moveOver(live, staged);
      if (file.area === "blobs") await removeEmptyFolders(dirname(live), files.areas.blobs!);
    }
  }
  for await (const file of readList(files, "remove")) {
    const live = liveName(files, file);
    const kept = previousName(files, file);
    if (live === undefined || !(await exists(kept))) continue;
    await makeFolder(files, dirname(live));
    await moveOver(kept, live);
  }
  await bringBackHeld(files);
  await syncAreas(files);
}

/** Brings back files that both states share and that were deleted since. */
async function bringBackHeld(files: RestoreFiles): Promise<void> {
  const root = join(files.work.path, "held");
  for await (const { area, path } of heldFiles(root)) {
    const live = liveName(files, { area, path });
    if (live === undefined || (await exists(live))) continue;
    await makeFolder(files, dirname(live));
    await keepCopy(join(root, area, path), live);
  }
}

async function* heldFiles(root: string): AsyncGenerator<PlannedFile> {
  for (const area of ["blobs", "fonts"] as const) {
    const folder = join(root, area);
    if (!(await exists(folder))) continue;
    for await (const entry of await opendir(folder, { recursive: true }))
      if (entry.isFile()) yield { area, path: relative(folder, join(entry.parentPath, entry.name)) };
  }
}

/** Holds a live file that both states share, so that an undo finds it whatever is deleted meanwhile. */
export async function holdFile(files: RestoreFiles, file: PlannedFile): Promise<void> {
  const live = liveName(files, file);
  if (live === undefined) return;
  const held = join(files.work.path, "held", file.area, file.path);
  await makeFolder(files, dirname(held));
  await keepCopy(live, held);
}

/** Removes cached tiles, which belong to the data that an undo takes away; made again when they are asked for. */
export async function dropTiles(files: RestoreFiles): Promise<void> {
  const folder = files.areas.tiles;
  if (folder === undefined || !(await exists(folder))) return;
  for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true, force: true });
}

async function removeEmptyFolders(folder: string, upTo: string): Promise<void> {
  for (let place = folder; place.startsWith(`${upTo}/`); place = dirname(place)) {
    try {
      if ((await readdir(place)).length > 0) return;
      await rmdir(place);
    } catch {
      return;
    }
  }
}

async function syncAreas(files: RestoreFiles): Promise<void> {
  for (const folder of Object.values(files.areas)) if (await exists(folder)) await syncFileSystem(folder);
}
