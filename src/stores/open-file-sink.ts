import { fstatSync, fsync, readlinkSync, write } from "node:fs";
import { promisify } from "node:util";
import type { ByteSink } from "../bytes.ts";
import { systemCode, writeError } from "../disk-errors.ts";

const [writeAsync, fsyncAsync] = [promisify(write), promisify(fsync)];

/** The descriptor of a stream that goes into a file, as stdout does behind `>`; undefined for pipes, terminals and the like. */
export function fileBehind(stream: object): number | undefined {
  const { fd } = stream as { fd?: unknown };
  if (typeof fd !== "number") return undefined;
  try {
    return fstatSync(fd).isFile() ? fd : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Writes to a file that is open already, from where it stands. Node's own stream for stdout drops what the system did not take
 * of a chunk, as happens when the disk is almost full. `finish` syncs and leaves the file open; what was written cannot be
 * taken back, so `abort` only stops.
 * @param label for messages where the system does not tell the path
 * @throws AppError no-space with the bytes needed and free, write-failed
 */
export function createOpenFileSink(fd: number, label: string): ByteSink {
  const path = pathOf(fd) ?? label;
  let writtenBytes = 0;
  return {
    label,
    async write(chunk) {
      for (let done = 0; done < chunk.length;) {
        try {
          const { bytesWritten } = await writeAsync(fd, chunk, done, chunk.length - done, null);
          done += bytesWritten;
          writtenBytes += bytesWritten;
        } catch (error) {
          throw writeError(error, { path, neededBytes: chunk.length - done, writtenBytes });
        }
      }
    },
    async finish() {
      try {
        await fsyncAsync(fd);
      } catch (error) {
        if (!["EINVAL", "ENOTSUP", "EOPNOTSUPP", "EROFS"].includes(systemCode(error)))
          throw writeError(error, { path, neededBytes: 0, writtenBytes });
      }
    },
    async abort() {},
  };
}

function pathOf(fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}
