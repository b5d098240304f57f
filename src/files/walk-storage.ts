import { type Dirent, readdirSync } from "node:fs";
import { blobOfPath, type BlobName } from "./storage-layout.ts";

/** Levels of folders: component, first and second two digits. */
const levels = 3;

/**
 * Every blob that stands in a storage folder, whether the database knows it or not; other files are passed over.
 * Nothing is held in memory but the folders at hand. Waits for the disk: there are as many folders as blobs, and through
 * promises each takes five times as long.
 * @param folder the storage; one that does not exist is empty
 */
export function* walkStorage(folder: string): Generator<BlobName> {
  yield* walk(folder, "", 0);
}

function* walk(root: string, under: string, level: number): Generator<BlobName> {
  for (const entry of list(`${root}/${under}`)) {
    const path = under === "" ? entry.name : `${under}/${entry.name}`;
    if (entry.isDirectory()) {
      if (level < levels) yield* walk(root, path, level + 1);
    } else {
      const name = blobOfPath(path);
      if (name !== undefined) yield name;
    }
  }
}

function list(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
