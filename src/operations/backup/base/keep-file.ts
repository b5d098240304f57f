import { lchown, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ByteSink } from "../../../bytes.ts";
import { systemCode } from "../../../disk-errors.ts";
import { clearDeadTemporaries } from "../../../stores/dead-temporaries.ts";
import { createFileSink } from "../../../stores/file-sink.ts";

/** More are of no use: one refers to the newest. */
const mostKept = 16;

/** Who keeps something for later backups. */
export interface Keeper {
  pid: number;
  now: Date;
  isRoot: boolean;
}

/** A file that is kept of an archive, in a folder that is there. */
export interface KeptFile {
  folder: string;
  /** Without the suffix, which is of one kind of file. */
  name: string;
  suffix: string;
}

/**
 * Writes what later backups need to know of an archive, complete or not at all; what is kept of older archives than the newest few
 * goes.
 * @param write fills and finishes the file
 * @throws AppError when it cannot be written; what `write` throws
 */
export async function keepFile(
  { folder, name, suffix }: KeptFile,
  { pid, now, isRoot }: Keeper,
  write: (sink: ByteSink) => Promise<void>,
): Promise<void> {
  await clearDeadTemporaries(folder, { now, pid });
  const path = join(folder, `${name}${suffix}`);
  const sink = await createFileSink(path, { pid, overwrite: true });
  try {
    await write(sink);
  } catch (error) {
    await sink.abort().catch(() => undefined);
    throw error;
  }
  if (isRoot) {
    // The service's own user is to go on with it.
    const { uid, gid } = await stat(folder);
    await lchown(path, uid, gid);
  }
  await keepNewest(folder, suffix);
}

async function keepNewest(folder: string, suffix: string): Promise<void> {
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
