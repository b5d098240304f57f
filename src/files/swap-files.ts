import { linkSync, readdirSync, renameSync, rmSync, rmdirSync, statSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { copyOver, deviceOf, hiddenName, isCopy } from "./copy-over.ts";
import {
  type Area,
  type PlannedFile,
  type RestoreFiles,
  exists,
  keptName,
  liveName,
  makeFolder,
  readList,
} from "./restore-files.ts";
import { syncFileSystem, syncFolders } from "./sync-files.ts";

/** Files that are dealt with at one go, before others of this process have their turn. */
const filesAtOnce = 200;

function isSameFile(first: string, second: string): boolean {
  const [a, b] = [statSync(first), statSync(second)];
  return a.ino === b.ino && a.dev === b.dev;
}

function isOtherDevice(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "EXDEV";
}

/**
 * A rename that also removes the first name when both are links of one file, where rename(2) does nothing. Fonts may stand
 * on another file system than the blobs, and so than the work folder: they are copied beside their final name first.
 */
function moveOver(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!isOtherDevice(error)) throw error;
    if (isReady(from, to)) renameSync(readyName(to), to);
    else copyOver(from, to);
  }
  rmSync(from, { force: true });
}

/** Where a file stands that is copied to another disk before the switch, so that the switch finds room. */
const readyName = (path: string): string => hiddenName(path, "ngwbackup-new");

function isReady(from: string, to: string): boolean {
  return statSync(readyName(to), { throwIfNoEntry: false })?.size === statSync(from).size;
}

/** A second name for a file, or a copy where that is on another file system. */
function keepCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!isOtherDevice(error)) throw error;
    copyOver(from, to);
  }
}

/** Does something to each file of a list, in order. */
async function forEachFile(list: AsyncIterable<PlannedFile>, action: (file: PlannedFile) => void): Promise<void> {
  let count = 0;
  for await (const file of list) {
    action(file);
    count += 1;
    if (count % filesAtOnce === 0) await setImmediate();
  }
}

/**
 * Makes the live folders that staged files will need, so that the switch need not: most blobs take one of their own. What
 * belongs on another disk is copied there, beside its name: going back from a switch that finds that disk full would need room
 * there as well. To be called when the files are written down as planned, so that a run that dies here is tidied.
 */
export async function makeLiveFolders(files: RestoreFiles): Promise<void> {
  const workDevice = deviceOf(files.work.path);
  const isElsewhere = new Map<Area, boolean>();
  await forEachFile(readList(files, "put"), (file) => {
    const live = liveName(files, file);
    if (live === undefined) return;
    makeFolder(files, dirname(live));
    if (!isElsewhere.has(file.area)) isElsewhere.set(file.area, deviceOf(files.areas[file.area]!) !== workDevice);
    if (isElsewhere.get(file.area) === true) copyOver(keptName(files, "new", file), readyName(live), live);
  });
}

/**
 * Makes every staged file live. A live file of another content stays in the work folder; at no moment is a name without
 * a file. Files whose name nobody refers to yet are harmless, so this comes before the database's switch.
 */
export async function putNewFiles(files: RestoreFiles): Promise<void> {
  const touched = new Set<string>();
  await forEachFile(readList(files, "put"), (file) => {
    const live = liveName(files, file);
    if (live === undefined) return;
    // Also what an earlier run has put, which may have died before it was durable.
    for (let place = dirname(live); place.length >= files.areas[file.area]!.length; place = dirname(place))
      touched.add(place);
    const staged = keptName(files, "new", file);
    if (!exists(live)) return moveToFreeName(files, staged, live);
    if (!exists(staged)) return;
    const kept = keptName(files, "previous", file);
    if (!exists(kept) && !isSameFile(live, staged)) {
      makeFolder(files, dirname(kept));
      keepCopy(live, kept);
    }
    moveOver(staged, live);
  });
  await syncFolders(touched);
}

/** Moves a staged file to a name that nothing has, as most are; nothing happens when it was moved before. */
function moveToFreeName(files: RestoreFiles, staged: string, live: string): void {
  try {
    renameSync(staged, live);
  } catch {
    if (!exists(staged)) return;
    makeFolder(files, dirname(live));
    moveOver(staged, live);
  }
}

/** Moves what the new state does not know out of the live folders; after the database's switch, never before. */
export async function removeOldFiles(files: RestoreFiles): Promise<void> {
  const touched = new Set<string>();
  await forEachFile(readList(files, "remove"), (file) => {
    const live = liveName(files, file);
    if (live === undefined || !exists(live)) return;
    if (file.area === "tiles") {
      // A cache of data that is gone: nobody wants it back.
      rmSync(live, { recursive: true, force: true });
      return;
    }
    const kept = keptName(files, "removed", file);
    makeFolder(files, dirname(kept));
    moveOver(live, kept);
    for (const folder of [dirname(live), dirname(kept)]) touched.add(folder);
    if (file.area === "blobs") removeEmptyFolders(dirname(live), files.areas.blobs!);
  });
  await syncFolders(touched);
}

/** Puts the live folders back as they were before `putNewFiles`. */
export async function bringBackOldFiles(files: RestoreFiles): Promise<void> {
  await forEachFile(readList(files, "put"), (file) => {
    const live = liveName(files, file);
    if (live === undefined) return;
    const staged = keptName(files, "new", file);
    const kept = keptName(files, "previous", file);
    // What comes out of the live folders goes back to where it was staged, so that going forwards stays possible.
    if (exists(readyName(live))) rmSync(readyName(live));
    if (exists(kept)) {
      // A switch that found its disk full has not come to this one; or the new file is the same.
      if (exists(live) && isCopy(kept, live)) {
        if (!exists(staged)) keepCopy(live, staged);
        return rmSync(kept);
      }
      if (!exists(staged) && exists(live)) keepCopy(live, staged);
      makeFolder(files, dirname(live));
      moveOver(kept, live);
    } else {
      if (!exists(staged) && exists(live)) moveOver(live, staged);
      // Its folder may have been made for it alone.
      if (file.area === "blobs" && !exists(live)) removeEmptyFolders(dirname(live), files.areas.blobs!);
    }
  });
  for (const [list, keep] of [
    ["remove", "removed"],
    ["held", "held"],
  ] as const) {
    await forEachFile(readList(files, list), (file) => {
      const live = liveName(files, file);
      const kept = keptName(files, keep, file);
      if (live === undefined || exists(live) || !exists(kept)) return;
      makeFolder(files, dirname(live));
      // What both states share stays held: this may be done again.
      if (keep === "held") keepCopy(kept, live);
      else moveOver(kept, live);
    });
  }
  await syncAreas(files);
}

/** Holds a live file that both states share, so that an undo finds it whatever is deleted meanwhile. */
export function holdFile(files: RestoreFiles, file: PlannedFile): void {
  const live = liveName(files, file);
  if (live === undefined) return;
  const held = keptName(files, "held", file);
  try {
    keepCopy(live, held);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    makeFolder(files, dirname(held));
    keepCopy(live, held);
  }
}

/** Removes cached tiles, which belong to the data that an undo takes away; made again when they are asked for. */
export async function dropTiles(files: RestoreFiles): Promise<void> {
  const folder = files.areas.tiles;
  if (folder === undefined || !exists(folder)) return;
  for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true, force: true });
}

function removeEmptyFolders(folder: string, upTo: string): void {
  for (let place = folder; place.startsWith(`${upTo}/`); place = dirname(place)) {
    try {
      if (readdirSync(place).length > 0) return;
      rmdirSync(place);
    } catch {
      return;
    }
  }
}

async function syncAreas(files: RestoreFiles): Promise<void> {
  for (const folder of Object.values(files.areas)) if (exists(folder)) await syncFileSystem(folder);
}
