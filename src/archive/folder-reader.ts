import { lstat, open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError, messageOf } from "../errors.ts";
import { damagedError, printable } from "./damage.ts";
import { lookUp, readWhole } from "./entry-access.ts";
import { manifestDigestName } from "./entry-names.ts";
import { entryNameProblem } from "./entry-path.ts";
import { manifestComment } from "./manifest-types.ts";
import type { ArchiveEntry, ArchiveReader } from "./reader.ts";

const chunkBytes = 1024 * 1024;
const digestPattern = /^([0-9a-f]{64})  manifest\.jsonl\n?$/;

/**
 * Opens an archive that was written as a folder, ours or NextGIS Web's (`--no-zip`).
 * @param path absolute
 * @throws DamagedError for a symbolic link or anything else that is neither file nor folder, and for names no archive has
 */
export async function openFolderArchive(path: string): Promise<ArchiveReader> {
  const entries = new Map<string, ArchiveEntry>();
  await walk(path, "", entries);
  const comment = await commentOf(path, entries);
  entries.delete(manifestDigestName);
  const readFrom = async (entry: ArchiveEntry, offsetBytes: number, lengthBytes: number): Promise<Buffer> => {
    const buffer = Buffer.allocUnsafeSlow(lengthBytes);
    const file = await open(join(path, entry.name), "r").catch((error: unknown) => {
      throw new AppError("archive-unreadable", `cannot read ${join(path, entry.name)}: ${messageOf(error)}`, {
        cause: error,
      });
    });
    try {
      let done = 0;
      while (done < lengthBytes) {
        const { bytesRead } = await file.read(buffer, done, lengthBytes - done, offsetBytes + done);
        if (bytesRead === 0)
          throw damagedError(path, {
            what: "entry became shorter",
            entry: entry.name,
            expected: `${offsetBytes + lengthBytes} bytes`,
            found: `${offsetBytes + done}`,
          });
        done += bytesRead;
      }
      return buffer;
    } finally {
      await file.close();
    }
  };
  async function* read(name: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
    const entry = lookUp(path, entries, name);
    for (let offset = 0; offset < entry.contentBytes; offset += chunkBytes) {
      signal?.throwIfAborted();
      yield await readFrom(entry, offset, Math.min(chunkBytes, entry.contentBytes - offset));
    }
  }
  return {
    label: path,
    kind: "folder",
    comment,
    entries,
    read: (name, options = {}) => read(name, options.signal),
    readAll: (name, maxBytes) => readWhole(path, lookUp(path, entries, name), maxBytes, read(name)),
    async readRange(name, offsetBytes, lengthBytes) {
      const entry = lookUp(path, entries, name);
      if (!(offsetBytes >= 0 && lengthBytes >= 0 && offsetBytes + lengthBytes <= entry.contentBytes))
        throw damagedError(path, {
          what: "range is not inside the entry",
          entry: name,
          expected: `bytes ${offsetBytes} to ${offsetBytes + lengthBytes}`,
          found: `${entry.contentBytes} bytes`,
        });
      return await readFrom(entry, offsetBytes, lengthBytes);
    },
    close: () => Promise.resolve(),
  };
}

async function walk(root: string, under: string, entries: Map<string, ArchiveEntry>): Promise<void> {
  const names = (await readdir(join(root, under))).toSorted();
  for (const base of names) {
    const name = under + base;
    const stats = await lstat(join(root, name));
    const problem = entryNameProblem(name);
    if (problem !== undefined || !(stats.isFile() || stats.isDirectory()))
      throw damagedError(root, {
        what: "entry that no archive has",
        entry: name,
        expected: "a file or a folder with a plain name",
        found: problem ?? (stats.isSymbolicLink() ? "a symbolic link" : "something else"),
      });
    const isDirectory = stats.isDirectory();
    const sizeBytes = isDirectory ? 0 : stats.size;
    const entry: ArchiveEntry = {
      name: isDirectory ? `${name}/` : name,
      isDirectory,
      method: "stored",
      storedBytes: sizeBytes,
      contentBytes: sizeBytes,
      crc32: undefined,
    };
    entries.set(entry.name, entry);
    if (isDirectory) await walk(root, entry.name, entries);
  }
}

async function commentOf(path: string, entries: Map<string, ArchiveEntry>): Promise<string> {
  const entry = entries.get(manifestDigestName);
  if (entry === undefined) return "";
  const text = entry.contentBytes > 200 ? "" : await readFile(join(path, manifestDigestName), "latin1");
  const match = digestPattern.exec(text);
  if (match?.[1] === undefined)
    throw damagedError(path, {
      what: "digest of the manifest",
      entry: manifestDigestName,
      expected: "64 hex digits and the name manifest.jsonl",
      found: printable(text),
    });
  return manifestComment(match[1]);
}
