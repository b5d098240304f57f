import { open, rename } from "node:fs/promises";
import { namingFile, writeError } from "../disk-errors.ts";

/**
 * Writes a small file so that it is there whole, or as it was; its name becomes durable with its folder. What is left of it when that fails, beside it, the
 * next try takes over.
 * @param fill appends text, as often as it likes
 * @throws AppError no-space, write-failed
 */
export async function writeWhole(
  path: string,
  fill: (append: (text: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.part`;
  const handle = await open(temporary, "w", 0o600);
  let writtenBytes = 0;
  try {
    await fill(async (text) => {
      const neededBytes = Buffer.byteLength(text);
      try {
        // Not `write`: that may write less than it is given, as it does when the disk is almost full.
        await handle.writeFile(text);
      } catch (error) {
        throw writeError(error, { path, neededBytes, writtenBytes });
      }
      writtenBytes += neededBytes;
    });
    await namingFile(temporary, () => handle.sync());
  } finally {
    await namingFile(temporary, () => handle.close());
  }
  await rename(temporary, path);
}
