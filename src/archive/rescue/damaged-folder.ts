import { lstat, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ByteSource } from "../../bytes.ts";
import { messageOf } from "../../errors.ts";
import type { Damage } from "../damage.ts";
import { manifestDigestName } from "../entry-names.ts";
import { entryNameProblem } from "../entry-path.ts";
import type { DamagedArchive, DamagedEntry } from "./damaged-archive.ts";
import { readableSource } from "./readable-source.ts";

const readBytes = 1024 * 1024;
const deepestFolder = 32;

/**
 * Opens what is left of an archive that is a folder. Links and names that no entry may have are left out and named.
 * @param openFile opens a file of it for reading
 */
export async function openDamagedFolder(
  path: string,
  openFile: (path: string) => Promise<ByteSource>,
  signal?: AbortSignal,
): Promise<DamagedArchive> {
  const entries = new Map<string, DamagedEntry>();
  const damages: Damage[] = [];
  await walk(path, "", 0, entries, damages);
  const digest = entries.has(manifestDigestName) ? await readDigest(join(path, manifestDigestName)) : undefined;
  entries.delete(manifestDigestName);
  const readStored = async (name: string, offsetBytes: number, lengthBytes: number): Promise<Buffer> => {
    const file = await openFile(join(path, name)).catch((error: unknown) => {
      damages.push({ what: "unreadable", entry: name, expected: "a file", found: messageOf(error) });
    });
    if (file === undefined) return Buffer.alloc(0);
    try {
      const source = readableSource(file, (damage) => void damages.push({ ...damage, entry: name }));
      const length = Math.max(0, Math.min(lengthBytes, source.sizeBytes - offsetBytes));
      return length === 0 ? Buffer.alloc(0) : await source.read(offsetBytes, length);
    } finally {
      await file.close();
    }
  };
  return {
    label: path,
    manifestDigest: digest,
    entries,
    damages,
    // A file that is missing shows by what refers to it alone.
    cutAtBytes: undefined,
    readStored,
    async *content(name) {
      for (let at = 0; ;) {
        signal?.throwIfAborted();
        const chunk = await readStored(name, at, readBytes);
        if (chunk.length === 0) return;
        at += chunk.length;
        yield chunk;
      }
    },
    async close() {},
  };
}

async function walk(
  root: string,
  prefix: string,
  depth: number,
  entries: Map<string, DamagedEntry>,
  damages: Damage[],
): Promise<void> {
  let names: string[];
  try {
    names = await readdir(join(root, prefix));
  } catch (error) {
    damages.push({ what: "unreadable", entry: prefix, expected: "a folder", found: messageOf(error) });
    return;
  }
  for (const part of names.toSorted()) {
    const name = prefix + part;
    const stats = await lstat(join(root, name)).catch(() => undefined);
    const problem = entryNameProblem(name);
    if (problem !== undefined || stats === undefined || !(stats.isFile() || stats.isDirectory())) {
      damages.push({ what: "left out", entry: name, expected: "a file or a folder", found: problem ?? "neither" });
    } else if (stats.isDirectory()) {
      if (depth < deepestFolder) await walk(root, `${name}/`, depth + 1, entries, damages);
    } else {
      const sizes = { storedBytes: stats.size, contentBytes: stats.size };
      entries.set(name, { name, method: "stored", ...sizes, crcs: undefined, isCut: false });
    }
  }
}

async function readDigest(path: string): Promise<string | undefined> {
  const text = await readFile(path, "latin1").catch(() => "");
  return /^([0-9a-f]{64})\b/.exec(text)?.[1];
}
