import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { blobPath, isBlobName, type BlobName, type StorageFolders } from "./storage-layout.ts";
import { createWorkFolder, removeWorkFolder, type WorkFolder } from "./work-folder.ts";

/** Links in one folder: few folders to make, and none so large that it becomes slow. */
const linksPerFolder = 1000;
/** Batches that are being linked at the same time. */
const batchesAtOnce = 4;

/** What stood against a link. */
export interface LinkFailure {
  /** `EXDEV`, `EPERM`, ... */
  code: string | undefined;
  message: string;
}

/** Makes hard links; a missing file is passed over, the first other failure is returned. */
export type MakeLinks = (links: readonly (readonly [from: string, to: string])[]) => Promise<LinkFailure | undefined>;

/**
 * Hard links that keep the blobs of a snapshot alive until they have been read, whatever the application deletes
 * meanwhile. Nothing is copied. The folder goes with `release`.
 */
export interface Pins {
  /**
   * Where a blob is to be read: its link, or its own place where links are not possible; undefined for a name that is not
   * one of file storage.
   * @param index place of the blob in the list, from 0
   */
  pathOf(name: BlobName, index: number): string | undefined;
  /** Why blobs are read in place after all; undefined when they are pinned. */
  readonly unpinnedBecause: string | undefined;
  release(): Promise<void>;
}

const pinPath = (folder: string, index: number): string =>
  join(folder, String(Math.floor(index / linksPerFolder)), String(index));

/**
 * Links every blob of a list; one that does not exist is left to the reader to name. Links are numbered in few folders:
 * a tree like the storage's would take a new folder for almost every blob.
 * @param blobs what the snapshot lists, while nobody can delete; the reader goes by the same order
 */
export async function pinBlobs(
  folders: StorageFolders & { blobFolder: string },
  runId: string,
  pid: number,
  blobs: AsyncIterable<readonly BlobName[]>,
  makeLinks: MakeLinks,
  signal: AbortSignal,
): Promise<Pins> {
  const inPlace = (reason: string): Pins => ({
    pathOf: (name) => (isBlobName(name) ? join(folders.blobFolder, blobPath(name)) : undefined),
    unpinnedBecause: reason,
    release: () => Promise.resolve(),
  });
  let work: WorkFolder;
  try {
    work = await createWorkFolder(folders, "pins", runId, pid);
  } catch (error) {
    return inPlace((error as Error).message);
  }
  try {
    const failure = await linkAll(work.path, folders.blobFolder, blobs, makeLinks, signal);
    if (failure === undefined)
      return {
        pathOf: (name, index) => (isBlobName(name) ? pinPath(work.path, index) : undefined),
        unpinnedBecause: undefined,
        release: () => removeWorkFolder(work),
      };
    const { code = "", message } = failure;
    if (!["EXDEV", "EPERM", "EACCES", "EMLINK", "ENOTSUP", "ENOSPC", "EDQUOT", "EROFS"].includes(code))
      throw new Error(message);
    await removeWorkFolder(work);
    return inPlace(`hard links are not possible in ${folders.blobFolder} (${code})`);
  } catch (error) {
    await removeWorkFolder(work);
    throw error;
  }
}

async function linkAll(
  workFolder: string,
  blobFolder: string,
  blobs: AsyncIterable<readonly BlobName[]>,
  makeLinks: MakeLinks,
  signal: AbortSignal,
): Promise<LinkFailure | undefined> {
  const running = new Set<Promise<void>>();
  let failure: LinkFailure | undefined;
  const start = (links: (readonly [string, string])[]): void => {
    const task: Promise<void> = makeLinks(links)
      .then((failed) => void (failure ??= failed))
      .finally(() => running.delete(task));
    running.add(task);
    // Met by the wait for all of them, or at the end.
    task.catch(() => undefined);
  };
  let index = 0;
  try {
    for await (const batch of blobs) {
      signal.throwIfAborted();
      const links: (readonly [string, string])[] = [];
      for (const name of batch) {
        if (index % linksPerFolder === 0)
          await mkdir(join(workFolder, String(index / linksPerFolder)), { mode: 0o700 });
        if (isBlobName(name)) links.push([join(blobFolder, blobPath(name)), pinPath(workFolder, index)]);
        index += 1;
      }
      start(links);
      while (running.size >= batchesAtOnce) await Promise.race(running);
      if (failure !== undefined) break;
    }
  } finally {
    // None may still make links when the folder is removed.
    await Promise.allSettled(running);
  }
  return failure;
}
