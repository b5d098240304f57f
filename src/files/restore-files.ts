import { chownSync, mkdirSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { namingFile } from "../disk-errors.ts";
import { AppError } from "../errors.ts";
import { blobOfPath, isFontName, isTileName } from "./storage-layout.ts";
import { syncFileSystem, syncPath } from "./sync-files.ts";
import type { WorkFolder } from "./work-folder.ts";
import { writeWhole } from "./write-whole.ts";

/** A folder of the instance whose files a restore replaces: the name is the folder's inside the work folder. */
export type Area = "blobs" | "fonts" | "tiles";

/** Live folder of each area; an area that is not configured is left alone. */
export type AreaFolders = Readonly<Partial<Record<Area, string>>>;

/** A file that a restore puts into an area, takes out of it, or holds there. */
export interface PlannedFile {
  area: Area;
  /** Relative to the area's folder. */
  path: string;
  /** Its name in the work folder: unique among those that are put or held, and among those that are removed. */
  number: number;
}

/**
 * What a work folder keeps of files, each under its number: the new state's (`new`), what they replaced (`previous`), what
 * was taken away (`removed`), second names of what both states share (`held`). Numbered in few folders: a tree like the
 * storage's would take a new folder for almost every blob.
 */
export type Keep = "new" | "previous" | "removed" | "held";

const filesPerFolder = 1000;

/**
 * The files' half of a restore: a work folder holds what is new, what was there before, and lists, written and synced before
 * anything live is touched: `put` (files that come), `held` (files that stay) and `remove` (files that go). From these every step can be done again from any point, forwards (`putNewFiles`,
 * `removeOldFiles`) or back (`bringBackOldFiles`), after a crash as well. Plain data: threads get a copy.
 */
export interface RestoreFiles {
  work: WorkFolder;
  areas: AreaFolders;
  /** Who shall own new files and folders, when we are root and the application is not. */
  owner?: { uid: number; gid: number };
}

/**
 * Makes a folder of the live storage or of a work folder, and its parents, for who shall own them. Like all calls for single
 * files it waits for the disk: through promises, thousands of them take five times as long.
 */
export function makeFolder({ owner }: RestoreFiles, folder: string): void {
  const first = mkdirSync(folder, { recursive: true });
  if (first === undefined || owner === undefined) return;
  for (let place = folder; place.length >= first.length; place = dirname(place)) chownSync(place, owner.uid, owner.gid);
}

/** Where a file of an area is live; undefined when the area is not configured. */
export const liveName = (files: RestoreFiles, file: PlannedFile): string | undefined => {
  const folder = files.areas[file.area];
  return folder === undefined ? undefined : `${folder}/${file.path}`;
};

/** Where a work folder keeps a file. */
export const keptName = (files: RestoreFiles, keep: Keep, { number }: PlannedFile): string =>
  `${files.work.path}/${keep}/${Math.floor(number / filesPerFolder)}/${number}`;

/** Whether anything stands under a path. */
export function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

type ListName = "put" | "held" | "remove";

/** Whether a line can be one of ours. Work folders stand where others may write, and files are moved as their lists say. */
function isPlannable({ area, path, number }: PlannedFile): boolean {
  if (!Number.isSafeInteger(number) || number < 0 || typeof path !== "string") return false;
  if (area === "blobs") return blobOfPath(path) !== undefined;
  if (area === "fonts") return isFontName(path);
  return area === "tiles" && isTileName(path);
}

const listPath = (files: RestoreFiles, list: ListName): string => join(files.work.path, `${list}.jsonl`);

/** Writes a list so that it is there whole or not at all. */
async function writeList(
  files: RestoreFiles,
  list: ListName,
  planned: AsyncIterable<PlannedFile> | Iterable<PlannedFile>,
) {
  await writeWhole(listPath(files, list), async (append) => {
    const lines: string[] = [];
    for await (const { area, path, number } of planned) {
      lines.push(JSON.stringify({ area, path, number }), "\n");
      if (lines.length >= 2000) await append(lines.splice(0).join(""));
    }
    await append(lines.join(""));
  });
}

/**
 * A list as it was written; empty when there is none.
 * @throws AppError for one of ngwbackup 0.1, which kept files by their paths
 */
export async function* readList(files: RestoreFiles, list: ListName): AsyncGenerator<PlannedFile> {
  let text: string;
  try {
    const path = listPath(files, list);
    text = await namingFile(path, () => readFile(path, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const file = JSON.parse(line) as PlannedFile;
    if (typeof file.number !== "number")
      throw new AppError("old-work-folder", `${files.work.path} was made by ngwbackup 0.1, which numbers no files`, {
        hints: ["have that version finish, undo or drop it"],
      });
    if (!isPlannable(file))
      throw new AppError(
        "bad-work-folder",
        `${listPath(files, list)} was not written by ngwbackup: ${JSON.stringify(line.slice(0, 200))} is no file of an area`,
        { hints: [`find out who wrote it, and remove ${files.work.path} yourself`] },
      );
    yield file;
  }
}

/**
 * Writes down, durably, what will be put and what is held, together with the staged files themselves. Nothing live is touched
 * yet.
 */
export async function planNewFiles(
  files: RestoreFiles,
  planned: readonly PlannedFile[],
  held: Iterable<PlannedFile> = [],
): Promise<void> {
  if (!(await syncFileSystem(files.work.path)))
    for (const file of planned) await syncPath(keptName(files, "new", file));
  await writeList(files, "held", held);
  await writeList(files, "put", planned);
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
