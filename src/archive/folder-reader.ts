import { constants } from "node:fs";
import { type FileHandle, lstat, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { closeRead } from "../close-read.ts";
import { AppError, RefusedError, messageOf } from "../errors.ts";
import { damagedError } from "./damage.ts";
import { lookUp, readWhole } from "./entry-access.ts";
import { digestLine, manifestDigestName, manifestEntryName } from "./entry-names.ts";
import { createNameRegister, entryNameProblem } from "./entry-path.ts";
import { manifestComment } from "./manifest-types.ts";
import type { ArchiveEntry, ArchiveReader } from "./reader.ts";

const readBytes = 1024 * 1024;
/** Deeper than any of ours or of NextGIS Web's. */
const deepestFolder = 32;

/**
 * Opens an archive that is a folder, as `--no-zip` writes it, ours or NextGIS Web's. Links and anything else that is
 * neither file nor folder are refused: they could show what is outside.
 * @throws RefusedError archive-missing, archive-unreadable; DamagedError
 */
export async function openFolderArchive(path: string): Promise<ArchiveReader> {
  const entries = new Map<string, ArchiveEntry>();
  const register = createNameRegister(entries);
  try {
    // The archive itself may be named by a link; nothing in it may be one.
    await walk(path, "", 0, (entry) => {
      if (register.isTaken(entry.name)) {
        const expected = "each name once, whatever its case or Unicode form";
        throw damagedError(path, { what: "duplicate entry", entry: entry.name, expected, found: "it again" });
      }
      entries.set(entry.name, entry);
    });
  } catch (error) {
    throw openError(error, path);
  }
  const comment = await readDigest(path, entries);
  entries.delete(manifestDigestName);

  return {
    label: path,
    kind: "folder",
    comment,
    entries,
    read: (name, options = {}) => readFile(path, lookUp(path, entries, name), options.signal),
    async readAll(name, maxBytes) {
      const entry = lookUp(path, entries, name);
      return await readWhole(path, entry, maxBytes, readFile(path, entry, undefined));
    },
    async readRange(name, offsetBytes, lengthBytes) {
      const entry = lookUp(path, entries, name);
      const end = offsetBytes + lengthBytes;
      if (!(offsetBytes >= 0 && lengthBytes >= 0 && end <= entry.contentBytes)) {
        throw damagedError(path, {
          what: "range is not inside the entry",
          entry: name,
          expected: `bytes ${offsetBytes} to ${end}`,
          found: `${entry.contentBytes} bytes`,
        });
      }
      const file = await openPlain(path, entry);
      try {
        return await readAt(path, entry, file, offsetBytes, lengthBytes);
      } finally {
        await closeRead(file);
      }
    },
    async close() {},
  };
}

async function walk(root: string, prefix: string, depth: number, found: (entry: ArchiveEntry) => void): Promise<void> {
  const names = await readdir(join(root, prefix), { encoding: "buffer" });
  const damage = (name: string, expected: string, problem: string): Error =>
    damagedError(root, { what: "unacceptable entry", entry: name, expected, found: problem });
  for (const bytes of names.toSorted((a, b) => a.compare(b))) {
    const name = prefix + bytes.toString("utf8");
    const problem = entryNameProblem(name);
    if (problem !== undefined) throw damage(name, "a good name", problem);
    const stats = await lstat(join(root, name));
    if (!stats.isFile() && !stats.isDirectory()) {
      throw damage(name, "a file or a folder", stats.isSymbolicLink() ? "a symbolic link" : "something else");
    }
    const isDirectory = stats.isDirectory();
    const sizeBytes = isDirectory ? 0 : stats.size;
    found({
      name: isDirectory ? `${name}/` : name,
      isDirectory,
      method: "stored",
      storedBytes: sizeBytes,
      contentBytes: sizeBytes,
      crc32: undefined,
    });
    if (!isDirectory) continue;
    if (depth === deepestFolder) throw damage(name, `at most ${deepestFolder} folders in one another`, "more");
    await walk(root, `${name}/`, depth + 1, found);
  }
}

/** The comment that a ZIP would have. */
async function readDigest(path: string, entries: ReadonlyMap<string, ArchiveEntry>): Promise<string> {
  const entry = entries.get(manifestDigestName);
  if (entry === undefined) return "";
  const text = (await readWhole(path, entry, 4096, readFile(path, entry, undefined))).toString("latin1");
  const digest = text.slice(0, 64);
  // Byte for byte what is written: a line that is cut off or was changed on its way is damage.
  if (/^[0-9a-f]{64}$/.test(digest) && text === digestLine(digest)) return manifestComment(digest);
  const expected = `64 hex digits and ${manifestEntryName}`;
  throw damagedError(path, {
    what: "no digest of the manifest",
    entry: manifestDigestName,
    expected,
    found: "other text",
  });
}

async function openPlain(root: string, entry: ArchiveEntry): Promise<FileHandle> {
  if (entry.isDirectory) throw new Error(`${entry.name} is a directory`);
  let file: FileHandle;
  try {
    // What became a link or a pipe since it was listed is not followed, nor waited for.
    file = await open(join(root, entry.name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw readError(error, root, entry);
  }
  let stats;
  try {
    stats = await file.stat();
  } catch (error) {
    await closeRead(file);
    throw readError(error, root, entry);
  }
  if (stats.isFile() && stats.size === entry.contentBytes) return file;
  await closeRead(file);
  throw changed(root, entry, stats.isFile() ? `${stats.size} bytes` : "no file");
}

async function* readFile(root: string, entry: ArchiveEntry, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  if (entry.isDirectory) return;
  signal?.throwIfAborted();
  const file = await openPlain(root, entry);
  try {
    for (let at = 0; at < entry.contentBytes; at += readBytes) {
      signal?.throwIfAborted();
      yield await readAt(root, entry, file, at, Math.min(readBytes, entry.contentBytes - at));
    }
  } finally {
    await closeRead(file);
  }
}

async function readAt(
  root: string,
  entry: ArchiveEntry,
  file: FileHandle,
  at: number,
  length: number,
): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(length);
  for (let done = 0; done < length;) {
    let bytesRead: number;
    try {
      ({ bytesRead } = await file.read(buffer, done, length - done, at + done));
    } catch (error) {
      throw readError(error, root, entry);
    }
    if (bytesRead === 0) throw changed(root, entry, `its end at ${at + done}`);
    done += bytesRead;
  }
  return buffer;
}

function changed(root: string, entry: ArchiveEntry, found: string): Error {
  const expected = `${entry.contentBytes} bytes, as when the archive was opened`;
  return damagedError(root, { what: "file changed", entry: entry.name, expected, found });
}

function readError(error: unknown, root: string, entry: ArchiveEntry): AppError {
  const message = `cannot read ${join(root, entry.name)}: ${messageOf(error)}`;
  return new AppError("read-failed", message, { cause: error });
}

function openError(error: unknown, path: string): unknown {
  const code = (error as { code?: unknown } | null)?.code;
  if (error instanceof AppError || typeof code !== "string") return error;
  if (code === "ENOENT") return new RefusedError("archive-missing", `there is no archive ${path}`, { cause: error });
  const message = `cannot read the archive ${path}: ${messageOf(error)}`;
  return new RefusedError("archive-unreadable", message, { cause: error });
}
