import { lstat, readFile, readdir, readlink, rm } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { isAlive, signalProcess, waitForEnd } from "./processes.ts";

/** Start of the names of clusters' folders; the process id of their owner follows. */
export const folderPrefix = "ngwbackup-pg-";

/**
 * Stops the servers and removes the folders of private clusters whose program is gone without a trace (SIGKILL of the
 * whole group, power cut). Folders of other users and of living programs stay.
 * @param parentFolder where the clusters' folders stand, usually the folder of temporary files
 * @param serverUid user id that servers run as, when it is not our own
 */
export async function clearLeftovers(parentFolder: string, serverUid: number | undefined): Promise<void> {
  const names = await readdir(parentFolder).catch(() => []);
  for (const name of names) {
    const ownerPid = Number(new RegExp(`^${folderPrefix}(\\d+)-`).exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(ownerPid) || isAlive(ownerPid)) continue;
    const folder = join(parentFolder, name);
    try {
      const stat = await lstat(folder);
      if (!stat.isDirectory() || ![userInfo().uid, serverUid].includes(stat.uid)) continue;
      if (await stopServerIn(join(folder, "data"))) await rm(folder, { recursive: true, force: true });
    } catch {
      // Another program clears the same folder, or it is not ours to clear.
    }
  }
}

/** @returns whether nothing runs in the data folder any more */
async function stopServerIn(dataFolder: string): Promise<boolean> {
  const pidFile = await readFile(join(dataFolder, "postmaster.pid"), "utf8").catch(() => "");
  const pid = Number.parseInt(pidFile, 10);
  if (!isAlive(pid)) return true;
  // The number may have been given to another process since; a server's working folder is its data folder.
  if ((await readlink(`/proc/${pid}/cwd`).catch(() => undefined)) !== dataFolder) return true;
  signalProcess(pid, "SIGQUIT");
  return waitForEnd(pid, 10_000);
}
