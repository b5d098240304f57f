import { chmod, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Writes a small file that others may read, mode 0644 whatever the umask, whole or not at all; what was there stays when it fails.
 * @param pid of this process, so that two that write at once do not meet
 * @throws the system's error
 */
export async function writePublic(path: string, text: string, pid: number): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${pid}.part`);
  try {
    const file = await open(temporary, "w", 0o644);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await chmod(temporary, 0o644);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}
