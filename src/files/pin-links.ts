import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../errors.ts";
import type { StorageFolders } from "./storage-layout.ts";
import { createWorkFolder, removeWorkFolder, type WorkFolder } from "./work-folder.ts";

/** Links in one folder: few folders to make, and none so large that it becomes slow. */
const linksPerFolder = 1000;

/** What stood against a link. */
export interface LinkFailure {
  /** `EXDEV`, `EPERM`, ... */
  code: string | undefined;
  message: string;
}

/** Where a link stands in the folder of a run. @param index of the blob in the list */
export function linkPath(folder: string, index: number): string {
  return `${folder}/${folderOf(index)}/${index}`;
}

function folderOf(index: number): number {
  return Math.floor(index / linksPerFolder);
}

/**
 * Hard links to blobs in a private folder of this run, which is made with the first of them. They are numbered, in few
 * folders: a tree like the storage's would take a new folder for almost every blob.
 */
export class PinLinks {
  /** Why there cannot be any links at all; undefined as long as there can. */
  impossibleBecause: string | undefined;
  readonly #folders: StorageFolders;
  readonly #runId: string;
  readonly #pid: number;
  #work: Promise<WorkFolder> | undefined;
  #path: string | undefined;
  /** Folders of links that exist, or are being made. */
  readonly #made = new Map<number, Promise<unknown>>();
  readonly #linked = new Set<number>();

  constructor(folders: StorageFolders, runId: string, pid: number) {
    this.#folders = folders;
    this.#runId = runId;
    this.#pid = pid;
  }

  /**
   * Links blobs that follow one another in the list; may run several times at once.
   * @param from place of the first in the list
   * @param paths empty: not to be linked
   * @returns the first failure that is not a missing file
   */
  async add(
    from: number,
    paths: readonly string[],
    { link }: { link: (folder: string, from: number, paths: readonly string[]) => Promise<LinkFailure | undefined> },
  ): Promise<LinkFailure | undefined> {
    let work: WorkFolder;
    try {
      this.#work ??= createWorkFolder(this.#folders, "pins", this.#runId, this.#pid);
      work = await this.#work;
    } catch (error) {
      this.impossibleBecause ??= messageOf(error);
      return { code: "EACCES", message: this.impossibleBecause };
    }
    this.#path = work.path;
    for (let number = folderOf(from); number <= folderOf(from + paths.length - 1); number += 1) {
      if (!this.#made.has(number)) this.#made.set(number, mkdir(join(work.path, String(number)), { mode: 0o700 }));
      await this.#made.get(number);
    }
    const failure = await link(work.path, from, paths);
    if (failure === undefined)
      for (const [place, path] of paths.entries()) if (path !== "") this.#linked.add(from + place);
    return failure;
  }

  /** The link of a blob; undefined when it has none. */
  pathOf(index: number): string | undefined {
    return this.#path !== undefined && this.#linked.has(index) ? linkPath(this.#path, index) : undefined;
  }

  /** Removes all of them, with their folder. */
  async remove(): Promise<void> {
    this.#linked.clear();
    const work = await this.#work?.catch(() => undefined);
    if (work !== undefined) await removeWorkFolder(work);
  }
}
