import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { ByteSource } from "../bytes.ts";
import { closeRead } from "../close-read.ts";
import { AppError, DamagedError, RefusedError, messageOf } from "../errors.ts";
import { systemCode } from "../disk-errors.ts";

/**
 * Opens a local archive for reading at any place.
 * @param label name for messages; the path when left out
 * @param followsLink false: a symbolic link in its place is an error
 * @throws RefusedError archive-missing, archive-unreadable, archive-not-a-file (a folder, a pipe, a device)
 */
export async function openFileSource(path: string, label = path, followsLink = true): Promise<ByteSource> {
  let file: FileHandle;
  try {
    // O_NONBLOCK, so that opening a named pipe does not wait for its writer.
    const link = followsLink ? 0 : constants.O_NOFOLLOW;
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | link);
  } catch (error) {
    throw openError(error, label);
  }
  try {
    const stats = await file.stat();
    if (!stats.isFile()) {
      const kind = stats.isDirectory() ? "a folder" : "no regular file";
      throw new RefusedError("archive-not-a-file", `${label} is ${kind}, not an archive file`, {
        hints: ["name the archive file itself"],
      });
    }
    return fileSource(file, label, stats.size);
  } catch (error) {
    await closeRead(file);
    throw error instanceof AppError ? error : openError(error, label);
  }
}

/**
 * Random access to an open file; the source closes it.
 * @param label path or other name for messages
 */
export function fileSource(file: FileHandle, label: string, sizeBytes: number): ByteSource {
  return {
    label,
    sizeBytes,
    fd: file.fd,
    async read(offsetBytes, lengthBytes) {
      const inside = offsetBytes >= 0 && lengthBytes >= 0 && offsetBytes + lengthBytes <= sizeBytes;
      if (!inside) throw new RangeError(`${label}: read of ${lengthBytes} at ${offsetBytes}, of ${sizeBytes} bytes`);
      const buffer = Buffer.allocUnsafeSlow(lengthBytes);
      let done = 0;
      while (done < lengthBytes) {
        let bytesRead: number;
        try {
          ({ bytesRead } = await file.read(buffer, done, lengthBytes - done, offsetBytes + done));
        } catch (error) {
          const message = `cannot read ${label} at offset ${offsetBytes + done}: ${messageOf(error)}`;
          throw new AppError("read-failed", message, { cause: error });
        }
        if (bytesRead === 0) {
          const found = `found its end at ${offsetBytes + done}`;
          throw new DamagedError(
            "archive-shrank",
            `${label} shrank while it was read: expected ${sizeBytes} bytes, ${found}`,
          );
        }
        done += bytesRead;
      }
      return buffer;
    },
    close: () => closeRead(file),
  };
}

function openError(error: unknown, label: string): RefusedError {
  const code = systemCode(error);
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new RefusedError("archive-missing", `there is no archive ${label}`, {
      cause: error,
      hints: ["ngwbackup list shows the archives of the configured place"],
    });
  }
  // What O_NOFOLLOW says to a link.
  if (code === "ELOOP")
    return new RefusedError("archive-link", `${label} is a symbolic link, which somebody else has put there`, {
      cause: error,
      hints: ["put the file itself there, or name it where it is"],
    });
  const reason = code === "EACCES" || code === "EPERM" ? "no permission to read it" : messageOf(error);
  return new RefusedError("archive-unreadable", `cannot open the archive ${label}: ${reason}`, { cause: error });
}
