import { statfs } from "node:fs/promises";
import { dirname } from "node:path";

/** Room on the file system of a path. */
export interface FreeSpace {
  /** Bytes that an ordinary user may still write. */
  freeBytes: number;
  /** Free inodes; undefined on file systems that have no fixed number of them. */
  freeInodes: number | undefined;
  /** Tells file systems apart: two paths with the same value share their room. */
  totalBytes: number;
}

/**
 * Room where a path is or will be: the nearest folder above it that exists counts.
 * @returns undefined when the system cannot tell
 */
export async function freeSpaceAt(path: string): Promise<FreeSpace | undefined> {
  for (let place = path; ; place = dirname(place)) {
    try {
      const stats = await statfs(place);
      return {
        freeBytes: stats.bavail * stats.bsize,
        freeInodes: stats.files === 0 ? undefined : stats.ffree,
        totalBytes: stats.blocks * stats.bsize,
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || place === dirname(place)) return undefined;
    }
  }
}
