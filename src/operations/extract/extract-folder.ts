import { lstat, mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ByteSink } from "../../bytes.ts";
import { createError, systemCode } from "../../disk-errors.ts";
import { RefusedError } from "../../errors.ts";
import { createFileSink } from "../../stores/file-sink.ts";
import { checkTarget } from "../../stores/publish.ts";

/** The folder that takes what is extracted; folders in it are made as they are needed, of mode 0700, and no link in it is followed. */
export class ExtractFolder {
  readonly #path: string;
  readonly #pid: number;
  readonly #overwrite: boolean;
  /** Folders that were looked at, or made. */
  readonly #known = new Set<string>();

  /**
   * @param path absolute; it may be missing, its own folder may not
   * @param pid of this process, for the names of temporaries
   * @param overwrite whether files that are there are replaced
   */
  constructor(path: string, pid: number, overwrite: boolean) {
    this.#path = path;
    this.#pid = pid;
    this.#overwrite = overwrite;
  }

  /**
   * Looks whether files can be written; changes nothing.
   * @param paths relative to the folder
   * @throws RefusedError target-folder, target-exists, target-unfit
   */
  async check(paths: Iterable<string>): Promise<void> {
    const stats = await stat(this.#path).catch(() => undefined);
    if (stats === undefined && (await stat(dirname(this.#path)).catch(() => undefined))?.isDirectory() !== true)
      throw new RefusedError("target-folder", `the folder ${dirname(this.#path)} does not exist`, {
        hints: [`mkdir -p ${dirname(this.#path)}`],
      });
    if (stats?.isDirectory() === false)
      throw new RefusedError("target-folder", `${this.#path} is not a folder`, { hints: ["name a folder"] });
    if (stats === undefined) return;
    const there = new Set<string>();
    for (const path of paths) {
      for (const folder of foldersOf(path)) {
        if (this.#known.has(folder)) continue;
        this.#known.add(folder);
        if (await this.#isFolder(folder)) there.add(folder);
      }
      if (foldersOf(path).every((folder) => there.has(folder)))
        await checkTarget(join(this.#path, path), "file", this.#overwrite);
    }
    this.#known.clear();
  }

  /**
   * Begins a file (mode 0600), which gets its name when it is finished.
   * @param path relative to the folder; its parts are names, none of them `..`
   * @throws RefusedError, AppError as `createFileSink` does; RefusedError target-unfit where a folder should be and is not
   */
  async create(path: string): Promise<ByteSink> {
    for (const folder of ["", ...foldersOf(path)]) {
      if (this.#known.has(folder)) continue;
      await this.#makeFolder(folder);
      this.#known.add(folder);
    }
    return await createFileSink(join(this.#path, path), { pid: this.#pid, overwrite: this.#overwrite });
  }

  async #makeFolder(folder: string): Promise<void> {
    const path = join(this.#path, folder);
    try {
      await mkdir(path, { mode: 0o700 });
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw createError(error, path);
      // The folder itself may be named by a link; nothing in it may be one.
      if (folder !== "") await this.#isFolder(folder);
    }
  }

  /** @throws RefusedError for anything that is there and no folder */
  async #isFolder(folder: string): Promise<boolean> {
    const path = join(this.#path, folder);
    const stats = await lstat(path).catch(() => undefined);
    if (stats === undefined || stats.isDirectory()) return stats !== undefined;
    const found = stats.isSymbolicLink() ? "a symbolic link" : "something else";
    throw new RefusedError("target-unfit", `${path} is no folder: expected one, or nothing, found ${found}`, {
      hints: ["extract into an empty folder"],
    });
  }
}

/** The folders on the way to a file, outermost first. */
function foldersOf(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}
