import { lstat, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ownUid } from "../own-user.ts";
import { isOwnerAlive } from "../run-owner.ts";
import { parseTemporaryName } from "./temporary-names.ts";

/** A temporary of another host or container is taken for a dead run's when nothing was written to it for so long, in ms. */
export const foreignRestMs = 2 * 24 * 60 * 60 * 1000;

/** What {@link clearDeadTemporaries} needs to know. */
export interface ClearOptions {
  now: Date;
  /** Of this process; its own temporaries stay. */
  pid: number;
}

/**
 * Removes what dead runs were writing into a folder: their process is gone, or was of another boot, or they ran on another
 * host and nothing was written for two days. What a live run writes stays, and so does what cannot be removed, and in a folder that
 * others can write to what is of another user: root must not be led to remove what it does not mean to.
 * @returns the paths that were removed; none when there is no such folder
 */
export async function clearDeadTemporaries(folder: string, options: ClearOptions): Promise<string[]> {
  const removed: string[] = [];
  const isShared = await canOthersWrite(folder);
  for (const name of await readdir(folder).catch(() => [])) {
    const parsed = parseTemporaryName(name);
    if (parsed === undefined) continue;
    const path = join(folder, name);
    if (isShared && !(await isOurs(path))) continue;
    const dead = parsed.isOurHost ? !(await isOwnerAlive(parsed.owner)) : await hasRested(path, options.now);
    if (!dead) continue;
    try {
      await rm(path, { recursive: true });
      removed.push(path);
    } catch {
      // Another user's, or another run was quicker.
    }
  }
  return removed;
}

async function canOthersWrite(folder: string): Promise<boolean> {
  try {
    return ((await stat(folder)).mode & 0o022) !== 0;
  } catch {
    return true;
  }
}

async function isOurs(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).uid === ownUid();
  } catch {
    return false;
  }
}

async function hasRested(path: string, now: Date): Promise<boolean> {
  try {
    return now.getTime() - (await lstat(path)).mtimeMs > foreignRestMs;
  } catch {
    return false;
  }
}
