import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type RunOwner, isOwnerAlive } from "../run-owner.ts";

const pattern = /^\..+\.ngwbackup-(\d+)-(\d*)-([0-9a-f]*)-[0-9a-f]{8}\.part$/;

/**
 * The temporary name of a file or folder that is being written: hidden, beside the final one, naming the process that
 * writes it, so that a later run can tell whether that still lives.
 */
export function ownedTemporaryName(finalName: string, owner: RunOwner, random: string): string {
  const boot = owner.bootId.replaceAll("-", "");
  // A name may have 255 bytes; what is cut off the final one is not needed to recognise it.
  let stem = finalName;
  while (Buffer.byteLength(stem) > 150) stem = [...stem].slice(0, -1).join("");
  return `.${stem}.ngwbackup-${owner.pid}-${owner.startTicks}-${boot}-${random}.part`;
}

/**
 * Removes what dead runs were writing into a folder; what a live run writes stays.
 * @returns the paths that were removed
 */
export async function clearDeadTemporaries(folder: string): Promise<string[]> {
  const removed: string[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const match = pattern.exec(name);
    if (match === null) continue;
    const [, pid = "", startTicks = "", boot = ""] = match;
    const bootId = boot.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    if (await isOwnerAlive({ pid: Number(pid), bootId, startTicks })) continue;
    const path = join(folder, name);
    await rm(path, { recursive: true, force: true });
    removed.push(path);
  }
  return removed;
}
