import { chownSync, constants, copyFileSync, openSync, readSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { closeReadNow } from "../close-read.ts";
import { isSystemError, systemCode, writeError } from "../disk-errors.ts";
import { syncPathNow } from "./sync-files.ts";

const compareBytes = 1024 * 1024;

/** A name beside a file for what becomes one of it; hidden, so that nobody takes it for a font. */
export const hiddenName = (path: string, ending: string): string => join(dirname(path), `.${basename(path)}.${ending}`);

/** The device of a file or folder. */
export const deviceOf = (path: string): number => statSync(path).dev;

/**
 * A copy that has its name when it is whole, and not before: half of one would be taken for the file.
 * @param forWhom the file that a failure speaks of
 */
export function copyOver(from: string, to: string, forWhom = to): void {
  const beside = hiddenName(to, "ngwbackup-part");
  try {
    rmSync(beside, { force: true });
    copyFileSync(from, beside, constants.COPYFILE_EXCL);
    keepOwner(from, beside);
    syncPathNow(beside);
    renameSync(beside, to);
  } catch (error) {
    rmSync(beside, { force: true });
    throw isSystemError(error)
      ? writeError(error, { path: forWhom, neededBytes: statSync(from).size, writtenBytes: 0 })
      : error;
  }
}

/** Whether two files on different disks hold the same: then there is nothing to move over. */
export function isCopy(one: string, other: string): boolean {
  if (deviceOf(one) === deviceOf(other) || statSync(one).size !== statSync(other).size) return false;
  const files = [openSync(one, "r"), openSync(other, "r")] as const;
  const blocks = files.map(() => Buffer.allocUnsafe(compareBytes)) as [Buffer, Buffer];
  try {
    for (;;) {
      const [first, second] = files.map((fd, index) => readSync(fd, blocks[index]!, 0, compareBytes, null)) as [
        number,
        number,
      ];
      if (first !== second || !blocks[0].subarray(0, first).equals(blocks[1].subarray(0, second))) return false;
      if (first === 0) return true;
    }
  } finally {
    for (const fd of files) closeReadNow(fd);
  }
}

/** A copy that root makes belongs to whom the file belongs to; anybody else's is his own. */
function keepOwner(from: string, copy: string): void {
  const { uid, gid } = statSync(from);
  try {
    if (statSync(copy).uid !== uid) chownSync(copy, uid, gid);
  } catch (error) {
    if (systemCode(error) !== "EPERM") throw error;
  }
}
