import { randomBytes } from "node:crypto";
import { link, lstat, open, readFile, rename, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { createError, systemCode } from "../disk-errors.ts";
import { BusyError } from "../errors.ts";
import { describeOwner, isOwnerAlive, parseOwner } from "../run-owner.ts";
import { foreignRestMs } from "./dead-temporaries.ts";

/** A lock on a folder; it is given back by whoever took it. */
export interface FolderLock {
  release(): Promise<void>;
}

/** How a folder is locked. */
export interface FolderLockOptions {
  /** Of the lock's file: hidden. */
  fileName: string;
  /** Of this process. */
  pid: number;
  now: Date;
}

/**
 * Takes a lock on a folder by a file in it, which names the process. One of a process of this machine that has ended counts
 * no more, and one of another machine not after two days.
 * @throws BusyError (exit 6) that names the holder
 * @throws AppError target-not-writable when nothing can be written there
 */
export async function lockFolder(folder: string, { fileName, pid, now }: FolderLockOptions): Promise<FolderLock> {
  const path = join(folder, fileName);
  const own = `${path}.${pid}-${randomBytes(4).toString("hex")}`;
  const content = JSON.stringify({ ...(await describeOwner(pid)), host: hostname() });
  try {
    const file = await open(own, "wx", 0o600);
    await file.writeFile(content);
    await file.close();
  } catch (error) {
    throw createError(error, path);
  }
  try {
    if (!(await take(own, path))) {
      await setAsideDead(path, now);
      if (!(await take(own, path))) throw await busy(path, folder);
    }
  } finally {
    await rm(own, { force: true });
  }
  return {
    async release() {
      if ((await readText(path)) === content) await rm(path, { force: true });
    },
  };
}

/** A link fails where the name is taken, whoever is quicker. */
async function take(own: string, path: string): Promise<boolean> {
  try {
    await link(own, path);
    return true;
  } catch (error) {
    const code = systemCode(error);
    if (code === "EEXIST") return false;
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EACCES"].includes(code))
      throw createError(error, path);
  }
  // Where there are no hard links.
  try {
    const file = await open(path, "wx", 0o600);
    await file.writeFile((await readText(own)) ?? "");
    await file.close();
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw createError(error, path);
  }
}

async function setAsideDead(path: string, now: Date): Promise<void> {
  const content = await readText(path);
  if (content === undefined || !(await isDead(path, content, now))) return;
  const aside = `${path}.${randomBytes(4).toString("hex")}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  // Somebody else may have been quicker, and what was set aside theirs.
  if ((await readText(aside)) !== content) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

async function isDead(path: string, content: string, now: Date): Promise<boolean> {
  const owner = parseOwner(content);
  if (owner !== undefined && hostOf(content) === hostname()) return !(await isOwnerAlive(owner));
  const stats = await lstat(path).catch(() => undefined);
  return stats !== undefined && now.getTime() - stats.mtimeMs > foreignRestMs;
}

async function busy(path: string, folder: string): Promise<BusyError> {
  const content = (await readText(path)) ?? "";
  const owner = parseOwner(content);
  const holder = owner === undefined ? [] : [`pid ${owner.pid} on ${hostOf(content) ?? "another machine"}`];
  return new BusyError("busy", `another prune of ${folder} is at work`, {
    details: holder,
    hints: ["wait until it has ended, then try again", `if there is none: rm ${path}`],
  });
}

function hostOf(content: string): string | undefined {
  const { host } = JSON.parse(content) as { host?: unknown };
  return typeof host === "string" ? host : undefined;
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return undefined;
  }
}
