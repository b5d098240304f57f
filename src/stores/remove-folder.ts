import { rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { RefusedError, messageOf } from "../errors.ts";
import { describeOwner } from "../run-owner.ts";
import { syncFolder } from "./publish.ts";
import { ownedTemporaryName } from "./temporary-names.ts";

/**
 * Removes a folder with all that is in it, at once for everybody else: it first gets the name of a temporary, which a later run
 * clears away when we are stopped.
 * @param pid of this process
 * @throws RefusedError store-denied
 */
export async function removeFolder(path: string, pid: number): Promise<void> {
  const parent = dirname(path);
  try {
    const aside = join(parent, ownedTemporaryName(basename(path), await describeOwner(pid)));
    await rename(path, aside);
    await syncFolder(parent);
    await rm(aside, { recursive: true });
  } catch (error) {
    throw new RefusedError("store-denied", `cannot remove ${path}: ${messageOf(error)}`, { cause: error });
  }
}
