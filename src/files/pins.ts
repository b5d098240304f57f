import { closeHeld, createHeldTable, type HeldTable, heldFileLimit, takeHeld } from "./held-files.ts";
import { type LinkFailure, PinLinks } from "./pin-links.ts";
import { blobPath, isBlobName, type BlobName, type StorageFolders } from "./storage-layout.ts";

/** Batches that are being pinned at the same time. */
const batchesAtOnce = 4;
/** What speaks against links as such, and so for reading in place. */
const noLinkCodes = ["EXDEV", "EPERM", "EACCES", "EMLINK", "ENOTSUP", "ENOSPC", "EDQUOT", "EROFS"];

/** What pins are made with: threads do the calls that wait. */
export interface PinMakers {
  /**
   * Opens files and puts their descriptors into the table, from `from` on; what cannot be opened is left out.
   * @returns false when no more files can be held, which leaves out the rest
   */
  hold(table: HeldTable, from: number, paths: readonly string[]): Promise<boolean>;
  /**
   * Makes hard links under the names of `linkPath`, numbered from `from` on; empty paths and missing files are passed over,
   * the first other failure is returned.
   */
  link(folder: string, from: number, paths: readonly string[]): Promise<LinkFailure | undefined>;
}

/** Where a blob is to be read. */
export type BlobSource =
  /** A file that is open; whoever reads it closes it. */
  | { fd: number }
  /** A file in its own place. */
  | { path: string }
  /** A hard link of ours, to be removed once it was read, and the place of the file that it was made of. */
  | { pin: string; path: string };

/**
 * Keeps the blobs of a snapshot alive until they have been read, whatever the application deletes meanwhile: by an open
 * file each, which costs next to nothing and of which nothing can stay behind, or by a hard link. Nothing is copied.
 */
export interface Pins {
  /**
   * Where a blob is to be read; asked once for each. Its own place where it could not be pinned; undefined for a name that
   * is not one of file storage.
   * @param index place of the blob in the list, from 0
   */
  sourceOf(name: BlobName, index: number): BlobSource | undefined;
  /** Why blobs are read in place after all; undefined when they are pinned. */
  readonly unpinnedBecause: string | undefined;
  /** Gives everything back that was not read; no thread may be reading any more. */
  release(): Promise<void>;
}

/** What {@link pinBlobs} needs. */
export interface PinOptions {
  folders: StorageFolders & { blobFolder: string };
  runId: string;
  pid: number;
  /** What the snapshot lists, while nobody can delete; the reader goes by the same order. */
  blobs: AsyncIterable<readonly BlobName[]>;
  makers: PinMakers;
  /** Files to hold open at most; what {@link heldFileLimit} says when left out. The others are linked. */
  heldLimit?: number;
  signal: AbortSignal;
}

/** Pins every blob of a list; one that does not exist is left to the reader to name. */
export async function pinBlobs(options: PinOptions): Promise<Pins> {
  const { folders } = options;
  const table = createHeldTable(options.heldLimit ?? (await heldFileLimit(folders.blobFolder)));
  const links = new PinLinks(folders, options.runId, options.pid);
  const release = async (): Promise<void> => {
    closeHeld(table);
    await links.remove();
  };
  let unpinnedBecause: string | undefined;
  try {
    const failure = await pinAll(options, table, links);
    if (failure !== undefined) {
      const { code = "", message } = failure;
      if (!noLinkCodes.includes(code)) throw new Error(message);
      await links.remove();
      unpinnedBecause = links.impossibleBecause ?? `hard links are not possible in ${folders.blobFolder} (${code})`;
    }
  } catch (error) {
    await release();
    throw error;
  }
  return {
    sourceOf(name, index) {
      if (!isBlobName(name)) return undefined;
      const fd = takeHeld(table, index);
      if (fd !== undefined) return { fd };
      const pin = links.pathOf(index);
      const path = `${folders.blobFolder}/${blobPath(name)}`;
      return pin === undefined ? { path } : { pin, path };
    },
    unpinnedBecause,
    release,
  };
}

/** @returns the first failure of links, after which nothing more is pinned */
async function pinAll(options: PinOptions, table: HeldTable, links: PinLinks): Promise<LinkFailure | undefined> {
  const { folders, makers, signal } = options;
  const running = new Set<Promise<void>>();
  let failure: LinkFailure | undefined;
  let holding = true;
  const pinBatch = async (names: readonly BlobName[], from: number): Promise<void> => {
    const paths = names.map((name) => (isBlobName(name) ? `${folders.blobFolder}/${blobPath(name)}` : ""));
    const held = holding ? Math.max(0, Math.min(paths.length, table.length - from)) : 0;
    if (held > 0) holding = await makers.hold(table, from, paths.slice(0, held));
    // What could not be held although there is room is missing or unreadable, unless holding has come to its end.
    const isToLink = (place: number): boolean => place >= held || (!holding && table[from + place] === -1);
    const toLink = paths.map((path, place) => (isToLink(place) ? path : ""));
    if (toLink.some((path) => path !== "")) failure ??= await links.add(from, toLink, makers);
  };
  let index = 0;
  try {
    for await (const batch of options.blobs) {
      signal.throwIfAborted();
      const task: Promise<void> = pinBatch(batch, index).finally(() => running.delete(task));
      running.add(task);
      // Met by the wait for one of them, or at the end.
      task.catch(() => undefined);
      index += batch.length;
      while (running.size >= batchesAtOnce) await Promise.race(running);
      if (failure !== undefined) break;
    }
    await Promise.all(running);
  } finally {
    // None may still be at work when what was pinned is given back.
    await Promise.allSettled(running);
  }
  return failure;
}
