import type { ByteSource } from "../../bytes.ts";
import { AppError, RefusedError } from "../../errors.ts";
import { type ListedPath, decodeListedPath } from "./listing.ts";
import { ReadAhead } from "./read-ahead.ts";
import { type RcloneProgram, askRclone, readRclone } from "./run-rclone.ts";

/** The commands of rclone that a store is made of, for paths below one root. */
export interface RclonePaths {
  /** URL of a path, as users write it. */
  locate(name: string): string;
  /** A path as rclone is given it: `remote:path/name`. */
  remotePath(name: string): string;
  /** Undefined when there is no such path. */
  stat(name: string, signal: AbortSignal): Promise<ListedPath | undefined>;
  /** Random access; the caller closes it. @throws RefusedError archive-missing */
  open(name: string, signal: AbortSignal, label?: string): Promise<ByteSource>;
  /** Replaces what has the second name. */
  move(from: string, to: string, signal: AbortSignal): Promise<void>;
  /** What is not there is no error. */
  remove(name: string, signal: AbortSignal): Promise<void>;
}

/** @param root of the store without `rclone:`, as in `remote:path` */
export function rclonePaths(rclone: RcloneProgram, root: string): RclonePaths {
  const remotePath = (name: string): string => `${root}${/[:/]$/.test(root) ? "" : "/"}${name}`;
  const locate = (name: string): string => `rclone:${remotePath(name)}`;
  const stat: RclonePaths["stat"] = async (name, signal) => {
    const call = { doing: `look at ${locate(name)}`, signal };
    const said = await askRclone(rclone, ["lsjson", "--stat", "--no-mimetype", remotePath(name)], call);
    return said === undefined || said.trim() === "null" ? undefined : decodeListedPath(said, locate(name));
  };
  const missing = (label: string): RefusedError =>
    new RefusedError("archive-missing", `there is no archive ${label}`, { hints: [`ngwbackup list rclone:${root}/`] });

  return {
    locate,
    remotePath,
    stat,
    async open(name, signal, label = locate(name)) {
      const found = await stat(name, signal);
      if (found === undefined || found.isFolder) throw missing(label);
      const closing = new AbortController();
      const ended = AbortSignal.any([signal, closing.signal]);
      const fetch = async (offsetBytes: number, lengthBytes: number): Promise<Buffer> => {
        const args = ["cat", "--offset", String(offsetBytes), "--count", String(lengthBytes), remotePath(name)];
        const bytes = await readRclone(rclone, args, { doing: `read ${label}`, signal: ended });
        // Each range is read by a process of its own: afterwards it must still be what it was.
        const now = await stat(name, ended);
        if (now?.sizeBytes !== found.sizeBytes || now.modifiedAt.getTime() !== found.modifiedAt.getTime())
          throw new AppError("archive-changed", `${label} was replaced or removed while it was read`);
        if (bytes?.length === lengthBytes) return bytes;
        throw new AppError(
          "store-failed",
          `cannot read ${label} at offset ${offsetBytes}: expected ${lengthBytes} bytes, found ${bytes?.length ?? 0}`,
        );
      };
      const ahead = new ReadAhead(found.sizeBytes, fetch);
      return {
        label,
        sizeBytes: found.sizeBytes,
        async read(offsetBytes, lengthBytes) {
          signal.throwIfAborted();
          const inside = offsetBytes >= 0 && lengthBytes >= 0 && offsetBytes + lengthBytes <= found.sizeBytes;
          if (!inside)
            throw new RangeError(`${label}: read of ${lengthBytes} at ${offsetBytes}, of ${found.sizeBytes} bytes`);
          return await ahead.read(offsetBytes, lengthBytes);
        },
        async close() {
          closing.abort(new AppError("closed", `${label} is closed`));
        },
      };
    },
    async move(from, to, signal) {
      // Never taken for the same because of size and time: then the new one would be dropped.
      const args = ["moveto", "--ignore-times", remotePath(from), remotePath(to)];
      await askRclone(rclone, args, { doing: `write ${locate(to)}`, signal });
    },
    async remove(name, signal) {
      try {
        await askRclone(rclone, ["deletefile", remotePath(name)], { doing: `remove ${locate(name)}`, signal });
      } catch (error) {
        // It says the same of what is not there as of a folder.
        signal.throwIfAborted();
        if ((await stat(name, signal)) !== undefined) throw error;
      }
    },
  };
}
