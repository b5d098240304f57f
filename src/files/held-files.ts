import { readFile, statfs } from "node:fs/promises";
import { totalmem } from "node:os";
import { closeReadNow } from "../close-read.ts";

/** Files held at once at most: 262,144 take some 350 MB of the kernel's memory, and the table of their descriptors 1 MiB. */
const mostFiles = 256 * 1024;
/** What the kernel keeps of an open file: the file itself, its inode and its name; measured on ext4. */
const kernelBytesPerFile = 1400;
/** Files may take this share of the machine's memory. */
const memoryShare = 1 / 16;
/** Descriptors that everything else may need. */
const reserve = 256;

/**
 * File systems (`statfs(2)`) on which a file that is open stays readable whoever removes its name: ext2 to 4, XFS, Btrfs,
 * F2FS, ZFS, tmpfs, overlayfs. On network file systems another machine can take it away.
 */
const localFileSystems = new Set([0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x2fc12fc1, 0x01021994, 0x794c7630]);

/** Where the descriptors of held files stand: shared with threads, which open and read them. -1: none. */
export type HeldTable = Int32Array<SharedArrayBuffer>;

/**
 * How many files in a folder may be held open to keep their content whatever happens to their names; 0 where that does
 * not hold, or where it cannot be known.
 */
export async function heldFileLimit(folder: string): Promise<number> {
  try {
    const [limits, { type }] = await Promise.all([readFile("/proc/self/limits", "latin1"), statfs(folder)]);
    const limit = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
    if (limit === undefined || !localFileSystems.has(type)) return 0;
    const byLimit = limit === "unlimited" ? mostFiles : Number(limit) - reserve;
    const byMemory = Math.floor((totalmem() * memoryShare) / kernelBytesPerFile);
    return Math.max(0, Math.min(mostFiles, byLimit, byMemory));
  } catch {
    return 0;
  }
}

/** Makes a table for files that are going to be held. */
export function createHeldTable(files: number): HeldTable {
  return new Int32Array(new SharedArrayBuffer(files * Int32Array.BYTES_PER_ELEMENT)).fill(-1);
}

/** Takes a file out of the table, to be closed by the caller; undefined when none is held there. */
export function takeHeld(table: HeldTable, index: number): number | undefined {
  const fd = index < table.length ? Atomics.exchange(table, index, -1) : -1;
  return fd === -1 ? undefined : fd;
}

/** Closes what is still held; no thread may be at work on the table. */
export function closeHeld(table: HeldTable): void {
  for (let index = 0; index < table.length; index += 1) {
    const fd = takeHeld(table, index);
    if (fd !== undefined) closeReadNow(fd);
  }
}
