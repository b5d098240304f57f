import type { ByteSink } from "../../bytes.ts";
import { AppError } from "../../errors.ts";
import type { CreateOptions } from "../store.ts";
import type { ListedPath } from "./listing.ts";
import type { Upload } from "./rcat.ts";
import type { RclonePaths } from "./rclone-paths.ts";

/** Time for cleaning up; rclone itself tries for half an hour where there is no network. */
const cleaningMs = 30_000;

/** What a sink is made of. */
export interface RcloneSinkParts {
  paths: RclonePaths;
  /** Final name, and the one it has until it is whole. */
  name: string;
  temporaryName: string;
  upload: Upload;
  options: CreateOptions;
  /** Refuses a name that is taken. */
  refuseTaken(): Promise<void>;
}

/**
 * Writes an object under a temporary name of the remote, and moves it to its own when its size is what was written and the
 * check has passed. Two that end at the same moment are not told apart: the remote knows no lock.
 */
export function createRcloneSink(parts: RcloneSinkParts): ByteSink {
  const { paths, name, temporaryName, upload, options } = parts;
  const { signal } = options;
  const label = paths.locate(name);
  let writtenBytes = 0;
  let published = false;
  return {
    label,
    async write(chunk) {
      await upload.write(chunk);
      writtenBytes += chunk.length;
    },
    async finish() {
      await upload.end();
      refuseOtherSize(label, writtenBytes, await paths.stat(temporaryName, signal));
      if (options.check !== undefined) {
        const written = await paths.open(temporaryName, signal, label);
        try {
          await options.check(written);
        } finally {
          await written.close();
        }
      }
      if (options.overwrite !== true) await parts.refuseTaken();
      await paths.move(temporaryName, name, signal);
      published = true;
      refuseOtherSize(label, writtenBytes, await paths.stat(name, signal));
    },
    async abort() {
      await upload.stop();
      if (published) return;
      // Not the signal: it may be why we stop.
      const cleaning = AbortSignal.timeout(cleaningMs);
      try {
        await paths.remove(temporaryName, cleaning);
      } catch (cause) {
        if (!cleaning.aborted) throw cause;
        throw new AppError("store-failed", `what was sent of ${label} could not be removed in ${cleaningMs / 1000} s`, {
          cause,
          hints: ["the next backup to the same place removes it, when this machine makes it"],
        });
      }
    },
  };
}

function refuseOtherSize(label: string, writtenBytes: number, found: ListedPath | undefined): void {
  if (found?.sizeBytes === writtenBytes) return;
  const there = found === undefined ? "nothing" : `${found.sizeBytes} bytes`;
  throw new AppError(
    "store-failed",
    `${label} is not stored as it was written: expected ${writtenBytes} bytes, found ${there}`,
    {
      hints: ["is there enough space? rclone about REMOTE: tells"],
    },
  );
}
