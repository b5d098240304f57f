import { hash } from "node:crypto";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { type WriteFailure, isSystemError, writeError } from "../disk-errors.ts";
import { createContentDigest } from "./content-digest.ts";
import { digestLine, manifestDigestName } from "./entry-names.ts";
import { checkEntryName } from "./entry-path.ts";
import { digestOfComment } from "./manifest-types.ts";
import type { ArchiveWriter, EntryTotals } from "./writer.ts";

/** The folder that is filled; `createFolderTarget` of the stores makes one that appears only when it is complete. */
export interface FolderOutput {
  /** Final path for messages. */
  readonly label: string;
  /** Where to put the files: an empty folder. */
  readonly temporaryPath: string;
  finish(): Promise<void>;
  abort(): Promise<void>;
}

/** How a folder is written. */
export interface FolderWriterOptions {
  /** Called before so many bytes are written, which wait for it. */
  beforeWrite?: ((bytes: number) => Promise<void>) | undefined;
}

/** Files that are being synced at once, so that one does not wait for the disk between two entries. */
const syncsAtOnce = 16;

/**
 * Writes an archive as a folder of plain files (mode 0600, folders 0700), of the same layout as in a ZIP; `deflate` is a
 * ZIP's own and has no effect. Every file and folder is synced before the output is finished, together with the writer.
 * The manifest's digest, a ZIP's comment, becomes `manifest.sha256`, in the form that `sha256sum -c` reads.
 * All of its methods throw AppError write-failed or no-space.
 */
export function createFolderWriter(output: FolderOutput, options: FolderWriterOptions = {}): ArchiveWriter {
  const root = output.temporaryPath;
  const folders = new Set<string>([root]);
  const syncs = new Set<Promise<void>>();
  let syncFailure: { error: unknown } | undefined;
  let bytesWritten = 0;
  let openFile: FileHandle | undefined;
  let openName = "";

  const wrap = async <Result>(name: string, work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (error) {
      throw folderError(error, { path: join(output.label, name), neededBytes: 0, writtenBytes: bytesWritten });
    }
  };
  const makeFolder = async (folder: string): Promise<void> => {
    if (folders.has(folder)) return;
    await makeFolder(dirname(folder));
    await mkdir(folder, { mode: 0o700 });
    folders.add(folder);
  };
  const create = async (name: string): Promise<FileHandle> => {
    if (openFile !== undefined) throw new Error(`entry ${name}: another one is still open`);
    checkEntryName(name, false);
    const target = join(root, name);
    await makeFolder(dirname(target));
    openFile = await open(target, "wx", 0o600);
    openName = name;
    return openFile;
  };
  const put = async (file: FileHandle, chunk: Uint8Array): Promise<void> => {
    await options.beforeWrite?.(chunk.length);
    for (let done = 0; done < chunk.length;) {
      try {
        const written = await file.write(chunk, done, chunk.length - done);
        done += written.bytesWritten;
        bytesWritten += written.bytesWritten;
      } catch (error) {
        const path = join(output.label, openName);
        throw writeError(error, { path, neededBytes: chunk.length - done, writtenBytes: bytesWritten });
      }
    }
  };
  const syncLater = async (file: FileHandle): Promise<void> => {
    openFile = undefined;
    const sync = (async () => {
      try {
        await file.sync();
      } catch (error) {
        syncFailure ??= { error };
      }
      try {
        await file.close();
      } catch (error) {
        // Some file systems tell here what they could not write.
        syncFailure ??= { error };
      }
    })();
    syncs.add(sync);
    void sync.finally(() => syncs.delete(sync));
    if (syncs.size >= syncsAtOnce) await Promise.race(syncs);
  };
  const writeFile = async (name: string, content: Uint8Array): Promise<void> => {
    const file = await create(name);
    await put(file, content);
    await syncLater(file);
  };

  return {
    get bytesWritten() {
      return bytesWritten;
    },
    async addDirectory(name) {
      checkEntryName(name, true);
      await wrap(name, () => makeFolder(join(root, name.slice(0, -1))));
    },
    async addEntry(name, content, entryOptions = {}) {
      await wrap(name, () => writeFile(name, content));
      const sha256 = entryOptions.sha256 ?? hash("sha256", content);
      return totalsOf(name, content.length, crc32(content), sha256);
    },
    async openEntry(name, entryOptions = {}) {
      const file = await wrap(name, () => create(name));
      const digest = createContentDigest(entryOptions.sha256);
      let contentBytes = 0;
      let checksum = 0;
      return {
        async write(chunk) {
          contentBytes += chunk.length;
          checksum = crc32(chunk, checksum);
          digest.update(chunk);
          await wrap(name, () => put(file, chunk));
        },
        async close() {
          if (openFile !== file) throw new Error(`entry ${name} is closed already`);
          await syncLater(file);
          return totalsOf(name, contentBytes, checksum, digest.finish());
        },
      };
    },
    async finish(comment = "") {
      if (openFile !== undefined) throw new Error("an entry is still open");
      await wrap("", async () => {
        const digest = digestOfComment(comment);
        if (digest !== undefined) {
          await writeFile(manifestDigestName, Buffer.from(digestLine(digest)));
        }
        await Promise.all(syncs);
        if (syncFailure !== undefined) throw syncFailure.error;
        for (const folder of folders) await syncFolder(folder);
      });
      await output.finish();
    },
    async abort() {
      await openFile?.close().catch(() => {});
      openFile = undefined;
      await Promise.all(syncs).catch(() => {});
      await output.abort();
    },
  };
}

function totalsOf(name: string, contentBytes: number, checksum: number, sha256: string): EntryTotals {
  return { name, offsetBytes: 0, storedBytes: contentBytes, contentBytes, crc32: checksum, sha256 };
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function folderError(error: unknown, failure: WriteFailure): unknown {
  return isSystemError(error) ? writeError(error, failure) : error;
}
