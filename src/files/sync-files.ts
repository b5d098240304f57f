import { open } from "node:fs/promises";
import { spawn } from "node:child_process";

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
    await handle.sync();
  } finally {
    await handle.close();
  }
}
