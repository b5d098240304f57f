import { stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { UsageError } from "../../errors.ts";
import { lockFolder } from "../../stores/folder-lock.ts";
import { createLocalStore } from "../../stores/local-store.ts";
import { joinLocation, parseLocation } from "../../stores/location.ts";
import { removeFolder } from "../../stores/remove-folder.ts";
import type { Store } from "../../stores/store.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";
import { openStore } from "../stores/open-store.ts";
import type { ArchiveFacts } from "./archive-facts.ts";

/** A folder or store in which archives are removed; whoever opened it closes it. */
export interface PrunePlace {
  /** Holds another prune of the same folder off; a store has no lock. @throws BusyError (exit 6) */
  lock(): Promise<void>;
  /** Removes what dead runs left. Gives what was removed, for messages. */
  clearDead(): Promise<string[]>;
  /** Removes an archive, unless it is another by now. @returns whether it was removed */
  remove(facts: ArchiveFacts): Promise<boolean>;
  close(): Promise<void>;
}

/** @param where a folder or a store's URL @throws UsageError no-folder for `-` */
export async function openPrunePlace(where: string, access: ArchiveAccess): Promise<PrunePlace> {
  const { context } = access;
  const { pid, signal } = context;
  const location = parseLocation(where);
  if (location.kind === "stdio") throw new UsageError("no-folder", "- is a stream, and no place for archives");
  const isLocal = location.kind === "local";
  const store: Store = isLocal
    ? createLocalStore(resolve(context.cwd, location.path), pid)
    : await openStore(
        { ...location, root: joinAsPlace(location.root, location.name), name: undefined },
        await access.load(),
        context,
      );
  let release = async (): Promise<void> => {};
  return {
    async lock() {
      if (!isLocal) return;
      const held = await lockFolder(store.label, { word: "prune", pid, now: context.now() });
      release = () => held.release();
    },
    clearDead: () => store.clearDead(context.now(), signal),
    async remove({ path, isFolder, sizeBytes, modifiedAt }) {
      signal.throwIfAborted();
      if (isFolder) {
        // Another one in its place has a time of its own.
        const found = await stat(path).catch(() => undefined);
        if (found?.mtime.getTime() !== modifiedAt.getTime()) return false;
        await removeFolder(path, pid);
        return true;
      }
      const name = isLocal ? basename(path) : path.slice(joinLocation(store.label, "").length);
      const now = await store.stat(name, signal);
      // Some servers list times to the millisecond, and tell them by the second.
      const agesMs = Math.abs((now?.modifiedAt.getTime() ?? 0) - modifiedAt.getTime());
      if (now?.sizeBytes !== sizeBytes || agesMs >= 1000) return false;
      await store.remove(name, signal);
      return true;
    },
    async close() {
      await release();
      await store.close();
    },
  };
}

/** A place may be named without a slash at its end. */
function joinAsPlace(root: string, name: string | undefined): string {
  return name === undefined ? root : joinLocation(root, name);
}

/** The place that an archive stands in: the folder of a path, the root of a URL. */
export function placeOf(archive: string): string {
  const location = parseLocation(archive);
  switch (location.kind) {
    case "stdio":
      return "-";
    case "local":
      return dirname(location.path);
    case "s3":
    case "rclone":
      return joinLocation(location.root, "");
  }
}
