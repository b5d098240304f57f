import { constants } from "node:fs";
import { lstat, mkdir, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { systemCode } from "../disk-errors.ts";
import { AppError } from "../errors.ts";
import { ownUid } from "../own-user.ts";

/** A folder for what we remember between runs. */
export interface StateFolder {
  path: string;
  /** It was named by the administrator, so it is made wherever that is; another one only inside of a folder that exists. */
  isNamed: boolean;
}

/**
 * Makes the state folder if it is not there, with mode 0700; as root it is given to the owner of the folder around it, so that
 * the service's own user can go on with it.
 * @returns whether there is one now
 * @throws AppError state-folder when something else stands there; the system's error
 */
export async function makeStateFolder({ path, isNamed }: StateFolder, isRoot: boolean): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700, recursive: isNamed });
    if (isRoot) await giveToNeighbours(path);
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT" && !isNamed) return false;
    if (code !== "EEXIST") throw error;
  }
  const problem = await problemWith(path);
  if (problem === undefined) return true;
  throw new AppError("state-folder", `${path}: expected a folder for our state, found ${problem}`, {
    hints: ["move it away, or name another one: state.path in section [ngwbackup]"],
  });
}

/**
 * Makes an empty file with mode 0600 that belongs to the owner of its folder, unless it is there.
 * @throws the system's error
 */
export async function makePrivateFile(path: string, isRoot: boolean): Promise<void> {
  try {
    const file = await open(
      path,
      constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW,
      0o600,
    );
    try {
      if (isRoot) {
        const { uid, gid } = await stat(dirname(path));
        await file.chown(uid, gid);
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
  }
}

/** Others could lead us astray by what they put there. */
async function problemWith(path: string): Promise<string | undefined> {
  const stats = await lstat(path);
  const { mode, uid } = stats;
  if (!stats.isDirectory()) return "something else";
  if ((mode & 0o022) !== 0) return "one that others can write to";
  const around = await stat(dirname(path));
  return [0, ownUid(), around.uid].includes(uid) ? undefined : "one of another user";
}

async function giveToNeighbours(path: string): Promise<void> {
  const { uid, gid } = await stat(dirname(path));
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    await folder.chown(uid, gid);
  } finally {
    await folder.close();
  }
}
