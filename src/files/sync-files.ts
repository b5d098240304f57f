import { spawn } from "node:child_process";
import { existsSync, fsyncSync, openSync } from "node:fs";
import { open, stat } from "node:fs/promises";
import { closeRead, closeReadNow } from "../close-read.ts";
import { namingFile, namingFileNow } from "../disk-errors.ts";
import { forEachAtOnce } from "../for-each-at-once.ts";

/** Folders beyond which one sync of the whole file system is sooner done, whatever else it waits for. */
const manyFolders = 500;
const foldersAtOnce = 16;

/**
 * Makes everything written to the file system of a folder durable: one `syncfs` by coreutils' `sync -f` instead of an
 * fsync a file, which takes minutes for 200,000 blobs.
 * @param folder any folder on that file system
 * @returns false when the program is missing or failed; the caller syncs file by file then
 */
export async function syncFileSystem(folder: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const child = spawn("sync", ["-f", folder], { stdio: "ignore" });
    child.on("error", () => resolve(false));
    child.on("exit", (code) => resolve(code === 0));
  });
}

/** Makes the names in a folder durable, or the content of a file. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await namingFile(path, () => handle.sync());
  } finally {
    await closeRead(handle);
  }
}

/** As {@link syncPath}, for who has nothing to do meanwhile. */
export function syncPathNow(path: string): void {
  const fd = openSync(path, "r");
  try {
    namingFileNow(path, () => fsyncSync(fd));
  } finally {
    closeReadNow(fd);
  }
}

/**
 * Makes the names in folders durable; one that is gone is passed over. Few are synced one by one, because syncing their file
 * system would wait for all that the database's server has written as well.
 */
export async function syncFolders(folders: ReadonlySet<string>): Promise<void> {
  const left = folders.size > manyFolders ? await withoutSyncedDevices(folders) : folders;
  await forEachAtOnce(left, foldersAtOnce, async (folder) => {
    if (existsSync(folder)) await syncPath(folder);
  });
}

/** Syncs the file systems that folders are on, and returns those for which that did not work. */
async function withoutSyncedDevices(folders: ReadonlySet<string>): Promise<string[]> {
  const synced = new Map<number, boolean>();
  const left: string[] = [];
  for (const folder of folders) {
    const device = (await stat(folder).catch(() => undefined))?.dev;
    if (device === undefined) continue;
    if (!synced.has(device)) synced.set(device, await syncFileSystem(folder));
    if (synced.get(device) !== true) left.push(folder);
  }
  return left;
}
