import { closeSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";

/** Closes a file that was only read: nothing can be lost by that, so that a failure is none. */
export async function closeRead(file: FileHandle): Promise<void> {
  try {
    await file.close();
  } catch {
    // It is closed all the same.
  }
}

/** As {@link closeRead}, waiting. */
export function closeReadNow(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // See above.
  }
}
