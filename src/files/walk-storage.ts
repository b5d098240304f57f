import { opendir } from "node:fs/promises";
import { join } from "node:path";
import { blobOfPath, type BlobName } from "./storage-layout.ts";

/**
 * Every blob that stands in a storage folder, whether the database knows it or not; other files are passed over.
 * Nothing is held in memory but the folder at hand.
 * @param folder the storage; one that does not exist is empty
 */
export async function* walkStorage(folder: string, under = ""): AsyncGenerator<BlobName> {
  let entries;
  try {
    entries = await opendir(join(folder, under));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  for await (const entry of entries) {
    const path = under === "" ? entry.name : `${under}/${entry.name}`;
    if (entry.isDirectory()) {
      if (path.split("/").length < 4) yield* walkStorage(folder, path);
    } else {
      const name = blobOfPath(path);
      if (name !== undefined) yield name;
    }
  }
}
