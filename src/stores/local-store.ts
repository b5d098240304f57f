import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { messageOf, RefusedError } from "../errors.ts";
import { systemCode } from "../disk-errors.ts";
import { clearDeadTemporaries } from "./dead-temporaries.ts";
import { createFileSink } from "./file-sink.ts";
import { openFileSource } from "./file-source.ts";
import { checkObjectName } from "./object-names.ts";
import { syncFolder } from "./publish.ts";
import type { StoredObject, Store } from "./store.ts";

/**
 * A folder of this machine as a store of files. Folders in it, as `backup --no-zip` writes them, are none of its objects.
 * @param folder relative paths count from the working folder of the process
 * @param pid of this process, for the names of temporaries
 */
export function createLocalStore(folder: string, pid: number): Store {
  const root = resolve(folder);
  const pathOf = (name: string): string => {
    checkObjectName(name);
    return join(root, name);
  };
  return {
    label: root,
    locate: pathOf,
    async *list(signal) {
      let names: string[];
      try {
        names = await readdir(root);
      } catch (error) {
        throw new RefusedError("no-folder", `cannot list ${root}: ${messageOf(error)}`, { cause: error });
      }
      for (const name of names) {
        signal.throwIfAborted();
        if (name.startsWith(".")) continue;
        const found = await describe(join(root, name), name);
        if (found !== undefined) yield found;
      }
    },
    async stat(name, signal) {
      signal.throwIfAborted();
      return await describe(pathOf(name), name);
    },
    async open(name, signal) {
      const path = pathOf(name);
      signal.throwIfAborted();
      const source = await openFileSource(path);
      return {
        ...source,
        async read(offsetBytes, lengthBytes) {
          signal.throwIfAborted();
          return await source.read(offsetBytes, lengthBytes);
        },
      };
    },
    async create(name, { overwrite, signal, check }) {
      const path = pathOf(name);
      signal.throwIfAborted();
      // Folders in a name are a part of it, in a bucket as here; the root itself is not ours to make.
      if (name.includes("/")) await mkdir(dirname(path), { recursive: true });
      const sink = await createFileSink(path, {
        pid,
        overwrite: overwrite ?? false,
        async beforePublish(temporary) {
          if (check === undefined) return;
          const written = await openFileSource(temporary, path);
          try {
            await check(written);
          } finally {
            await written.close();
          }
        },
      });
      return {
        label: sink.label,
        async write(chunk) {
          signal.throwIfAborted();
          await sink.write(chunk);
        },
        async finish() {
          signal.throwIfAborted();
          await sink.finish();
        },
        abort: () => sink.abort(),
      };
    },
    async remove(name, signal) {
      const path = pathOf(name);
      signal.throwIfAborted();
      try {
        await rm(path, { force: true });
        await syncFolder(root);
      } catch (error) {
        throw new RefusedError("store-denied", `cannot remove ${path}: ${messageOf(error)}`, { cause: error });
      }
    },
    async clearDead(now, signal) {
      signal.throwIfAborted();
      return await clearDeadTemporaries(root, { pid, now });
    },
    close: () => Promise.resolve(),
  };
}

async function describe(path: string, name: string): Promise<StoredObject | undefined> {
  try {
    const stats = await stat(path);
    return stats.isFile() ? { name, sizeBytes: stats.size, modifiedAt: stats.mtime } : undefined;
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "ELOOP"].includes(systemCode(error))) return undefined;
    throw new RefusedError("archive-unreadable", `cannot look at ${path}: ${messageOf(error)}`, { cause: error });
  }
}
