import { randomInt } from "node:crypto";
import { open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createError } from "../disk-errors.ts";
import { BusyError, RefusedError, messageOf } from "../errors.ts";
import { describeOwner, isOwnerAlive } from "../run-owner.ts";
import { clearDeadTemporaries } from "./dead-temporaries.ts";
import { ownedTemporaryName, parseTemporaryName } from "./temporary-names.ts";

/** Two that come at the same moment both step back; a run that lives holds it for longer. */
const tries = 4;
const longestPauseMs = 200;

/** A lock on a folder; it is given back by whoever took it. */
export interface FolderLock {
  release(): Promise<void>;
}

/** How a folder is locked. */
export interface FolderLockOptions {
  /** What it is locked for, in one word: others of the same word are held off. */
  word: string;
  /** Of this process. */
  pid: number;
  now: Date;
}

/**
 * Takes a lock on a folder. Everybody first makes a file of their own, named for their process as temporaries are, and then
 * looks whether others are there: whatever happens to a process, no file of its has to be taken over.
 * @throws BusyError (exit 6) that names the holder
 * @throws AppError target-not-writable when nothing can be written there; RefusedError no-folder
 */
export async function lockFolder(folder: string, { word, pid, now }: FolderLockOptions): Promise<FolderLock> {
  const own = ownedTemporaryName(`${word}-lock`, await describeOwner(pid));
  const path = join(folder, own);
  const release = (): Promise<void> => rm(path, { force: true });
  // A folder that is not there is told before anything is made.
  await othersIn(folder, word, own);
  for (let attempt = 1; ; attempt += 1) {
    await clearDeadTemporaries(folder, { pid, now });
    try {
      await (await open(path, "wx", 0o600)).close();
    } catch (error) {
      throw createError(error, path);
    }
    const holders = await othersIn(folder, word, own);
    if (holders.length === 0) return { release };
    await release();
    if (attempt === tries)
      throw new BusyError("busy", `another ${word} of ${folder} is at work`, {
        details: holders.map(({ holder }) => holder),
        hints: ["wait until it has ended, then try again", `if there is none: rm ${holders[0]?.path ?? ""}`],
      });
    await sleep(randomInt(longestPauseMs));
  }
}

async function othersIn(folder: string, word: string, own: string): Promise<{ path: string; holder: string }[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    throw new RefusedError("no-folder", `cannot list ${folder}: ${messageOf(error)}`, { cause: error });
  }
  const found: { path: string; holder: string }[] = [];
  for (const name of names) {
    const parsed = name.startsWith(`.${word}-lock.`) && name !== own ? parseTemporaryName(name) : undefined;
    if (parsed === undefined || (parsed.isOurHost && !(await isOwnerAlive(parsed.owner)))) continue;
    const holder = `pid ${parsed.owner.pid} on ${parsed.isOurHost ? "this machine" : "another machine"}`;
    found.push({ path: join(folder, name), holder });
  }
  return found;
}
