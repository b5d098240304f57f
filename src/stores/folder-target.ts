import { lstat, mkdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { describeOwner } from "../run-owner.ts";
import { createError, systemCode, writeError } from "../disk-errors.ts";
import type { FileSinkOptions } from "./file-sink.ts";
import { checkTarget, syncFolder, targetExists } from "./publish.ts";
import { ownedTemporaryName } from "./temporary-names.ts";

/**
 * A folder that is filled under a hidden name and then gets its final one. Exactly one of `finish` and `abort` ends it;
 * `abort` may be called after a failed `finish` and more than once.
 */
export interface FolderTarget {
  /** Final path for messages. */
  readonly label: string;
  /** The hidden folder (mode 0700) to be filled; whoever fills it syncs what is in it. */
  readonly temporaryPath: string;
  finish(): Promise<void>;
  abort(): Promise<void>;
}

/**
 * Makes a folder that appears under its final name when it is complete; with `overwrite`, one that stands there is moved
 * aside first and removed last.
 * @throws RefusedError target-exists
 * @throws AppError target-not-writable, write-failed
 */
export async function createFolderTarget(path: string, options: FileSinkOptions): Promise<FolderTarget> {
  const final = resolve(path);
  const parent = dirname(final);
  const overwrite = options.overwrite ?? false;
  await checkTarget(final, "folder", overwrite);
  const owner = await describeOwner(options.pid);
  const temporaryPath = join(parent, ownedTemporaryName(basename(final), owner));
  try {
    await mkdir(temporaryPath, { mode: 0o700 });
  } catch (error) {
    throw createError(error, final);
  }
  let published = false;

  const publish = async (): Promise<void> => {
    // A rename replaces an empty folder, so that is looked at first; a filled one makes it fail.
    const taken = await exists(final);
    if (taken && !overwrite) throw targetExists(final);
    const aside = taken ? join(parent, ownedTemporaryName(basename(final), owner)) : undefined;
    if (aside !== undefined) await rename(final, aside);
    try {
      await rename(temporaryPath, final);
    } catch (error) {
      if (aside !== undefined) await rename(aside, final);
      throw error;
    }
    published = true;
    await syncFolder(parent);
    if (aside !== undefined) await rm(aside, { recursive: true });
  };

  return {
    label: final,
    temporaryPath,
    async finish() {
      try {
        await options.beforePublish?.(temporaryPath);
        await publish();
      } catch (error) {
        if (["ENOTEMPTY", "EEXIST"].includes(systemCode(error))) throw targetExists(final, error);
        throw writeError(error, { path: final, neededBytes: 0, writtenBytes: 0 });
      }
    },
    async abort() {
      // Once it has its name it is a complete archive, even if its parent could not be synced.
      if (!published) await rm(temporaryPath, { recursive: true, force: true });
    },
  };
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return false;
    throw error;
  }
}
