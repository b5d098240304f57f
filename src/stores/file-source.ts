import { open } from "node:fs/promises";
import type { ByteSource } from "../bytes.ts";
import { AppError, DamagedError, RefusedError, messageOf } from "../errors.ts";

/**
 * Opens a file for random reads.
 * @param path absolute
 * @param label name for messages; the path when left out
 * @throws RefusedError when there is no such file, or it is none, or may not be read
 */
export async function openFileSource(path: string, label = path): Promise<ByteSource> {
  let handle;
  try {
    handle = await open(path, "r");
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new RefusedError(
      missing ? "archive-missing" : "archive-unreadable",
      missing ? `there is no archive ${label}` : `cannot open the archive ${label}: ${messageOf(error)}`,
      { cause: error },
    );
  }
  const stats = await handle.stat();
  if (!stats.isFile()) {
    await handle.close();
    throw new RefusedError("not-a-file", `${label} is not a file`);
  }
  const file = handle;
  return {
    label,
    sizeBytes: stats.size,
    async read(offsetBytes, lengthBytes) {
      const buffer = Buffer.allocUnsafeSlow(lengthBytes);
      for (let done = 0; done < lengthBytes;) {
        let bytesRead: number;
        try {
          ({ bytesRead } = await file.read(buffer, done, lengthBytes - done, offsetBytes + done));
        } catch (error) {
          throw new AppError(
            "read-failed",
            `cannot read ${label} at offset ${offsetBytes + done}: ${messageOf(error)}`,
            {
              cause: error,
            },
          );
        }
        if (bytesRead === 0)
          throw new DamagedError(
            "archive-truncated",
            `${label}: expected ${lengthBytes} bytes at offset ${offsetBytes}, found ${done}`,
          );
        done += bytesRead;
      }
      return buffer;
    },
    close: () => file.close(),
  };
}
