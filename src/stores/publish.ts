import { link, lstat, open, rename, rm, unlink } from "node:fs/promises";
import { RefusedError } from "../errors.ts";
import { systemCode } from "../disk-errors.ts";

/** The refusal to replace what is there (exit 4). */
export function targetExists(path: string, cause?: unknown): RefusedError {
  return new RefusedError("target-exists", `${path} exists already`, {
    ...(cause === undefined ? {} : { cause }),
    hints: ["choose another name, or add --overwrite to replace it"],
  });
}

/**
 * Looks beforehand whether a target can be taken, so that nobody works for an hour in vain.
 * @param kind what will stand there
 * @throws RefusedError
 */
export async function checkTarget(path: string, kind: "file" | "folder", overwrite: boolean): Promise<void> {
  let stats;
  try {
    stats = await lstat(path);
  } catch (error) {
    // Anything else that is wrong with the path shows when the temporary is made beside it.
    if (systemCode(error) !== "") return;
    throw error;
  }
  if (!overwrite) throw targetExists(path);
  const fits = kind === "file" ? stats.isFile() || stats.isSymbolicLink() : stats.isDirectory();
  if (fits) return;
  throw new RefusedError("target-unfit", `${path} is not a ${kind}, so it is not replaced by one`, {
    hints: ["choose another name"],
  });
}

/** Makes a folder's own entries durable: what was created, renamed or removed in it. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } catch (error) {
    // Some network file systems know no sync of folders; they have nothing to wait for.
    if (!["EINVAL", "ENOTSUP", "EOPNOTSUPP"].includes(systemCode(error))) throw error;
  } finally {
    await folder.close();
  }
}

/**
 * Gives a finished temporary file its final name.
 * @param overwrite false: an existing target is never replaced, whoever made it and when
 * @throws RefusedError target-exists
 */
export async function publishFile(temporary: string, path: string, overwrite: boolean): Promise<void> {
  if (overwrite) {
    await rename(temporary, path);
    return;
  }
  try {
    // A link fails where the name is taken, a rename does not.
    await link(temporary, path);
  } catch (error) {
    const code = systemCode(error);
    if (code === "EEXIST") throw targetExists(path, error);
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EACCES"].includes(code)) throw error;
    await takeNameAndRename(temporary, path);
    return;
  }
  // It has its name, so that it is published. The next backup removes the other name.
  await unlink(temporary).catch(() => undefined);
}

/** Where there are no hard links: an empty file takes the name first, and is replaced. */
async function takeNameAndRename(temporary: string, path: string): Promise<void> {
  try {
    await (await open(path, "wx", 0o600)).close();
  } catch (error) {
    if (systemCode(error) === "EEXIST") throw targetExists(path, error);
    throw error;
  }
  try {
    await rename(temporary, path);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}
