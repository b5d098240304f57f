import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { RefusedError, messageOf } from "../errors.ts";
import { manifestDigestName } from "./entry-names.ts";
import { checkEntryName } from "./entry-path.ts";
import { digestOfComment } from "./manifest-types.ts";
import type { ArchiveWriter, EntryTotals, EntryWriter } from "./writer.ts";

/** How a folder is written. */
export interface FolderWriterOptions {
  /** Name under which it is written until it is complete; beside the final one, so that a rename suffices. */
  temporaryPath: string;
  /** Reads back what was written before it gets its final name; what it throws ends the writer. */
  check?: (temporaryPath: string) => Promise<void>;
}

/**
 * Writes an archive as a folder of files: what NextGIS Web's `--no-zip` gives, plus our manifest. Files have mode 0600,
 * folders 0700; all is synced, and the folder renamed, at the end.
 * @param path final name, absolute, which must not exist
 * @throws RefusedError when its parent cannot be written
 */
export async function createFolderWriter(path: string, options: FolderWriterOptions): Promise<ArchiveWriter> {
  const root = options.temporaryPath;
  try {
    await mkdir(root, { mode: 0o700 });
  } catch (error) {
    throw new RefusedError("target-not-writable", `cannot write into ${dirname(path)}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const folders = new Set([root]);
  const files: FileHandle[] = [];
  let written = 0;
  const makeFolder = async (folder: string): Promise<void> => {
    if (folders.has(folder)) return;
    await makeFolder(dirname(folder));
    await mkdir(folder, { mode: 0o700 });
    folders.add(folder);
  };
  const openEntry = async (name: string): Promise<EntryWriter> => {
    checkEntryName(name, false);
    const target = join(root, name);
    await makeFolder(dirname(target));
    const file = await open(target, "wx", 0o600);
    files.push(file);
    const hash = createHash("sha256");
    let crc = 0;
    let size = 0;
    return {
      async write(chunk) {
        hash.update(chunk);
        crc = crc32(chunk, crc);
        for (let done = 0; done < chunk.length;)
          done += (await file.write(chunk, done, chunk.length - done)).bytesWritten;
        size += chunk.length;
        written += chunk.length;
      },
      async close(): Promise<EntryTotals> {
        await file.sync();
        files.splice(files.indexOf(file), 1);
        await file.close();
        return { name, offsetBytes: 0, storedBytes: size, contentBytes: size, crc32: crc, sha256: hash.digest("hex") };
      },
    };
  };
  const addEntry = async (name: string, content: Uint8Array): Promise<EntryTotals> => {
    const entry = await openEntry(name);
    await entry.write(content);
    return await entry.close();
  };
  return {
    get bytesWritten() {
      return written;
    },
    addDirectory: (name) => makeFolder(join(root, name.slice(0, -1))),
    addEntry: (name, content) => addEntry(name, content),
    openEntry: (name) => openEntry(name),
    async finish(comment = "") {
      const digest = digestOfComment(comment);
      // In the form of sha256sum, so that it can be checked without us.
      if (digest !== undefined) await addEntry(manifestDigestName, Buffer.from(`${digest}  manifest.jsonl\n`));
      for (const folder of folders) await syncFolder(folder);
      await options.check?.(root);
      await rename(root, path);
      await syncFolder(dirname(path));
    },
    async abort() {
      for (const file of files.splice(0)) await file.close().catch(() => undefined);
      // Only what has the temporary name; once renamed, it is the user's.
      if (basename(root) !== basename(path)) await rm(root, { recursive: true, force: true });
    },
  };
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
