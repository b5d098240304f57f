import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { blobOfPath, type BlobName } from "./storage-layout.ts";

/** Folders of the last level that are listed at once: there are as many as blobs, with one or two in each. */
const foldersAtOnce = 16;
/** Levels of folders: component, first and second two digits. */
const levels = 3;

/**
 * Every blob that stands in a storage folder, whether the database knows it or not; other files are passed over.
 * Nothing is held in memory but the folders at hand.
 * @param folder the storage; one that does not exist is empty
 */
export async function* walkStorage(folder: string): AsyncGenerator<BlobName> {
  yield* walk(folder, "", await list(folder));
}

async function* walk(root: string, under: string, entries: readonly Dirent[]): AsyncGenerator<BlobName> {
  const folders: string[] = [];
  for (const entry of entries) {
    const path = under === "" ? entry.name : `${under}/${entry.name}`;
    if (entry.isDirectory()) folders.push(path);
    else {
      const name = blobOfPath(path);
      if (name !== undefined) yield name;
    }
  }
  const level = under === "" ? 0 : under.split("/").length;
  if (level === levels) return;
  for (let from = 0; from < folders.length; from += foldersAtOnce) {
    const some = folders.slice(from, from + foldersAtOnce);
    const listed = await Promise.all(some.map((path) => list(join(root, path))));
    for (const [index, path] of some.entries()) yield* walk(root, path, listed[index]!);
  }
}

async function list(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
