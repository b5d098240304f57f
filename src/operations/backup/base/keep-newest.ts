import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { systemCode } from "../../../disk-errors.ts";

/** More are of no use: one refers to the newest. */
const mostKept = 16;

/** Removes what is kept of older archives than the newest few. @param suffix of the names of files that are of one kind */
export async function keepNewest(folder: string, suffix: string): Promise<void> {
  const kept: { path: string; writtenMs: number }[] = [];
  for (const name of await readdir(folder)) {
    if (!name.endsWith(suffix)) continue;
    const path = join(folder, name);
    try {
      kept.push({ path, writtenMs: (await stat(path)).mtimeMs });
    } catch (error) {
      // Another run was quicker.
      if (systemCode(error) !== "ENOENT") throw error;
    }
  }
  kept.sort((a, b) => b.writtenMs - a.writtenMs);
  for (const { path } of kept.slice(mostKept)) await rm(path, { force: true });
}
