import { link, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { blobPath, type BlobName, type StorageFolders } from "./storage-layout.ts";
import { createWorkFolder, removeWorkFolder, type WorkFolder } from "./work-folder.ts";

/** How many links are being made at once: enough to hide the latency of each call, few enough for libuv's pool. */
const linksAtOnce = 32;

/**
 * Hard links that keep the blobs of a snapshot alive until they have been read, whatever the application deletes
 * meanwhile. Nothing is copied. The folder goes with `release`.
 */
export interface Pins {
  /** Folder from which blobs are read: that of the links, or the storage itself where links are not possible. */
  readonly folder: string;
  /** Why blobs are read in place after all; undefined when they are pinned. */
  readonly unpinnedBecause: string | undefined;
  release(): Promise<void>;
}

/**
 * Links every blob of a list; one that does not exist is left to the reader to name.
 * @param blobs what the snapshot lists, while nobody can delete
 */
export async function pinBlobs(
  folders: StorageFolders & { blobFolder: string },
  runId: string,
  pid: number,
  blobs: AsyncIterable<readonly BlobName[]>,
  signal: AbortSignal,
): Promise<Pins> {
  const inPlace = (reason: string): Pins => ({
    folder: folders.blobFolder,
    unpinnedBecause: reason,
    release: () => Promise.resolve(),
  });
  let work: WorkFolder;
  try {
    work = await createWorkFolder(folders, "pins", runId, pid);
  } catch (error) {
    return inPlace((error as Error).message);
  }
  const made = new Set<string>();
  const linkOne = async (name: BlobName): Promise<void> => {
    const path = blobPath(name);
    const target = join(work.path, path);
    const folder = dirname(target);
    if (!made.has(folder)) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      made.add(folder);
    }
    try {
      await link(join(folders.blobFolder, path), target);
    } catch (error) {
      // A missing blob is a loss to be named when it is read, not a reason to give up the others.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  };
  try {
    for await (const batch of blobs)
      for (let start = 0; start < batch.length; start += linksAtOnce) {
        signal.throwIfAborted();
        await Promise.all(batch.slice(start, start + linksAtOnce).map(linkOne));
      }
  } catch (error) {
    await removeWorkFolder(work);
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (!["EXDEV", "EPERM", "EACCES", "EMLINK", "ENOTSUP", "ENOSPC", "EDQUOT", "EROFS"].includes(code)) throw error;
    return inPlace(`hard links are not possible in ${folders.blobFolder} (${code})`);
  }
  return {
    folder: work.path,
    unpinnedBecause: undefined,
    release: () => removeWorkFolder(work),
  };
}
