import { randomBytes } from "node:crypto";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { ByteSource } from "../bytes.ts";
import { openFileSource } from "./file-source.ts";
import { writeError } from "./file-sink.ts";

/**
 * Copies a stream that cannot be read at random, stdin as a rule, into a private file, which has no name any more when this
 * returns: it goes with its last user, however that ends.
 * @param folder where the file is made
 * @param onBytes told about each chunk
 * @throws AppError with the path when the disk is full
 */
export async function spoolToFile(
  stream: Readable,
  folder: string,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<ByteSource> {
  const path = join(folder, `ngwbackup-spool-${randomBytes(8).toString("hex")}`);
  const handle = await open(path, "wx", 0o600);
  let written = 0;
  try {
    for await (const chunk of stream) {
      signal.throwIfAborted();
      const bytes = chunk as Buffer;
      for (let done = 0; done < bytes.length;) {
        try {
          done += (await handle.write(bytes, done, bytes.length - done)).bytesWritten;
        } catch (error) {
          throw await writeError(error, path, written + done);
        }
      }
      written += bytes.length;
      onBytes(bytes.length);
    }
    await handle.close();
    return await openFileSource(path, "stdin");
  } catch (error) {
    await handle.close().catch(() => undefined);
    throw error;
  } finally {
    await rm(path, { force: true });
  }
}
