import { chmod, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AppError, messageOf } from "../../errors.ts";

/**
 * Writes a text file for node_exporter's textfile collector, whole or not at all; others may read it.
 * @param pid of this process, so that two that write at once do not meet
 * @throws AppError metrics when it cannot be written; what was there stays
 */
export async function writeMetrics(path: string, text: string, pid: number): Promise<void> {
  // The collector reads files that end in .prom.
  const temporary = join(dirname(path), `.${basename(path)}.${pid}.part`);
  try {
    const file = await open(temporary, "w", 0o644);
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
    // Whatever the umask: the collector is another user.
    await chmod(temporary, 0o644);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new AppError("metrics", `the metrics cannot be written to ${path}: ${messageOf(error)}`, {
      cause: error,
      hints: ["expected a file in node_exporter's textfile folder that this user may write to"],
    });
  }
}
