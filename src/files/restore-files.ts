import { createHash } from "node:crypto";
import {
  chown,
  copyFile,
  link,
  mkdir,
  open,
  opendir,
  readFile,
  readdir,
  rename,
  rm,
  rmdir,
  stat,
} from "node:fs/promises";
import { createReadStream } from "node:fs";
import { dirname, join, relative } from "node:path";
import { DamagedError } from "../errors.ts";
import { forEachAtOnce } from "../for-each-at-once.ts";
import { syncFileSystem, syncPath } from "./sync-files.ts";
import type { WorkFolder } from "./work-folder.ts";

/** A folder of the instance whose files a restore replaces: the name is the folder's inside the work folder. */
export type Area = "blobs" | "fonts" | "tiles";

/** Live folder of each area; an area that is not configured is left alone. */
export type AreaFolders = Readonly<Partial<Record<Area, string>>>;

/** A file of the new state, relative to its area's folder. */
export interface PlannedFile {
  area: Area;
  path: string;
}

/**
 * The files' half of a restore: a work folder holds what is new (`new/<area>/<path>`), what was there before
 * (`previous/<area>/<path>`) and two lists, written and synced before anything live is touched: `put` (files that come)
 * and `remove` (files that go). From these every step can be done again from any point, forwards (`putNewFiles`,
 * `removeOldFiles`) or back (`bringBackOldFiles`), after a crash as well.
 */
export interface RestoreFiles {
  work: WorkFolder;
  areas: AreaFolders;
  /** Who shall own new files and folders, when we are root and the application is not. */
  owner?: { uid: number; gid: number };
}

async function makeFolder(files: RestoreFiles, folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined || files.owner === undefined) return;
  for (let place = folder; place.length >= first.length; place = dirname(place))
    await chown(place, files.owner.uid, files.owner.gid);
}

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

/** Files that are moved at once: each takes several waits for the file system. */
const filesAtOnce = 16;

/** A second name for a file, or a copy where that is on another file system. */
async function keepCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!isOtherDevice(error)) throw error;
    await copyFile(from, to);
  }
}

const liveName = (files: RestoreFiles, file: PlannedFile): string | undefined => {
  const folder = files.areas[file.area];
  return folder === undefined ? undefined : join(folder, file.path);
};
const newName = (files: RestoreFiles, file: PlannedFile): string => join(files.work.path, "new", file.area, file.path);
const previousName = (files: RestoreFiles, file: PlannedFile): string =>
  join(files.work.path, "previous", file.area, file.path);

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether a live file already has the content that an archive gives: same size, same digest, so that it need not be
 * written.
 */
export async function hasContent(
  files: RestoreFiles,
  file: PlannedFile,
  sizeBytes: number,
  sha256: string,
): Promise<boolean> {
  const path = liveName(files, file);
  if (path === undefined) return false;
  try {
    const found = await stat(path);
    if (!found.isFile() || found.size !== sizeBytes) return false;
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
    return hash.digest("hex") === sha256;
  } catch {
    return false;
  }
}

/**
 * Writes a file of the new state aside; it is not live before `putNewFiles`.
 * @param content its bytes; an error of the source is thrown on, and the half-written file stays inside the work folder
 * @param expected size that must come out, when it is known
 * @throws DamagedError when another number of bytes came than expected
 */
export async function stageFile(
  files: RestoreFiles,
  file: PlannedFile,
  content: AsyncIterable<Uint8Array>,
  expected?: { sizeBytes: number; what: string },
): Promise<void> {
  const path = newName(files, file);
  let handle;
  try {
    handle = await open(path, "w", 0o644);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    await makeFolder(files, dirname(path));
    handle = await open(path, "w", 0o644);
  }
  let written = 0;
  try {
    for await (const chunk of content) {
      for (let done = 0; done < chunk.length;)
        done += (await handle.write(chunk, done, chunk.length - done)).bytesWritten;
      written += chunk.length;
    }
    if (files.owner !== undefined) await handle.chown(files.owner.uid, files.owner.gid);
  } finally {
    await handle.close();
  }
  if (expected !== undefined && written !== expected.sizeBytes)
    throw new DamagedError("size-mismatch", `${expected.what}: expected ${expected.sizeBytes} bytes, found ${written}`);
}

const listPath = (files: RestoreFiles, list: "put" | "remove"): string => join(files.work.path, `${list}.jsonl`);

/** Writes a list so that it is there whole or not at all. */
async function writeList(
  files: RestoreFiles,
  list: "put" | "remove",
  planned: AsyncIterable<PlannedFile> | Iterable<PlannedFile>,
) {
  const temporary = `${listPath(files, list)}.part`;
  const handle = await open(temporary, "w", 0o600);
  try {
    const lines: string[] = [];
    for await (const { area, path } of planned) {
      lines.push(JSON.stringify({ area, path }), "\n");
      if (lines.length >= 2000) await handle.write(lines.splice(0).join(""));
    }
    await handle.write(lines.join(""));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, listPath(files, list));
}

async function* readList(files: RestoreFiles, list: "put" | "remove"): AsyncGenerator<PlannedFile> {
  let text: string;
  try {
    text = await readFile(listPath(files, list), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  for (const line of text.split("\n")) if (line !== "") yield JSON.parse(line) as PlannedFile;
}

/** Writes down, durably, what will be put, together with the staged files themselves. Nothing live is touched yet. */
export async function planNewFiles(files: RestoreFiles, planned: Iterable<PlannedFile>): Promise<void> {
  const list = [...planned];
  if (!(await syncFileSystem(files.work.path))) for (const file of list) await syncPath(newName(files, file));
  await writeList(files, "put", list);
  await syncPath(files.work.path);
}

/** What was written down to be moved away, so far. */
export function plannedRemovals(files: RestoreFiles): AsyncIterable<PlannedFile> {
  return readList(files, "remove");
}

/** Writes down, durably, what will be moved away; takes the place of what was written down before. */
export async function planRemovals(
  files: RestoreFiles,
  planned: AsyncIterable<PlannedFile> | Iterable<PlannedFile>,
): Promise<void> {
  await writeList(files, "remove", planned);
  await syncPath(files.work.path);
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
    if (!(await exists(staged))) return;
    const kept = previousName(files, file);
    if ((await exists(live)) && !(await exists(kept)) && !(await isSameFile(live, staged))) {
      await makeFolder(files, dirname(kept));
      await keepCopy(live, kept);
    }
    await makeFolder(files, dirname(live));
    await moveOver(staged, live);
  });
  // Folders alone: syncing the file system would wait for all that the database's server has written as well.
  await forEachAtOnce(touched, filesAtOnce, async (folder) => {
    if (await exists(folder)) await syncPath(folder);
  });
}

/** Moves what the new state does not know out of the live folders; after the database's switch, never before. */
export async function removeOldFiles(files: RestoreFiles): Promise<void> {
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
    if (file.area === "blobs") await removeEmptyFolders(dirname(live), files.areas.blobs!);
  }
  await syncAreas(files);
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
