import { chown, mkdir, open, readFile, rename, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
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
 * `removeOldFiles`) or back (`bringBackOldFiles`), after a crash as well. Plain data: threads get a copy.
 */
export interface RestoreFiles {
  work: WorkFolder;
  areas: AreaFolders;
  /** Who shall own new files and folders, when we are root and the application is not. */
  owner?: { uid: number; gid: number };
}

/** Makes a folder of the live storage or of a work folder, and its parents, for who shall own them. */
export async function makeFolder(files: RestoreFiles, folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined || files.owner === undefined) return;
  for (let place = folder; place.length >= first.length; place = dirname(place))
    await chown(place, files.owner.uid, files.owner.gid);
}

/** Where a file of an area is live; undefined when the area is not configured. */
export const liveName = (files: RestoreFiles, file: PlannedFile): string | undefined => {
  const folder = files.areas[file.area];
  return folder === undefined ? undefined : join(folder, file.path);
};

/** Where a file of the new state waits. */
export const newName = (files: RestoreFiles, file: PlannedFile): string =>
  join(files.work.path, "new", file.area, file.path);

/** Where what a file replaced is kept. */
export const previousName = (files: RestoreFiles, file: PlannedFile): string =>
  join(files.work.path, "previous", file.area, file.path);

/** Whether anything stands under a path. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
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

/** A list as it was written; empty when there is none. */
export async function* readList(files: RestoreFiles, list: "put" | "remove"): AsyncGenerator<PlannedFile> {
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
