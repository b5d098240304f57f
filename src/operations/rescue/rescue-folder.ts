import { chmod, lchown, mkdir, readdir, realpath, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import { RefusedError, UsageError, messageOf } from "../../errors.ts";

/** A folder that a rescue writes into: laid out as a data folder, so that `sdir` may name it. */
export interface RescueFolder {
  path: string;
  /** Gives all of it to who owns the instance's data folder, when we are root. */
  handOver(): Promise<void>;
  /** Removes it, or what is in it when it was there before. */
  discard(): Promise<void>;
}

/**
 * Makes the folder of a rescue, or takes an empty one.
 * @param wanted as it was given; a name of its own in `backup.path`, else beside the data folder, when left out
 * @throws RefusedError when it is not empty, belongs to the instance, or cannot be made
 */
export async function openRescueFolder(
  wanted: string | undefined,
  settings: Settings,
  context: Context,
): Promise<RescueFolder> {
  const path = wanted === undefined ? defaultFolder(settings, context) : resolve(context.cwd, wanted);
  const realPath = await realPathOf(path);
  for (const folder of [settings.sdirPath, settings.fileStoragePath, settings.fontPath]) {
    const own = folder === undefined ? undefined : await realPathOf(folder);
    if (own !== undefined && (realPath === own || realPath.startsWith(`${own}/`)))
      throw new RefusedError(
        "rescue-over-instance",
        `${path} belongs to the configured instance, and a rescue never writes there`,
        {
          hints: ["name another folder by --rescue-folder"],
        },
      );
  }
  const isMade = await makeEmpty(path, context);
  return {
    path,
    async handOver() {
      const owner = context.isRoot ? await ownerOf(settings) : undefined;
      if (owner === undefined) return;
      // The folder itself comes last: until then nobody else gets into it, and could put links in the way.
      for (const entry of await readdir(path, { recursive: true, withFileTypes: true }))
        await lchown(join(entry.parentPath, entry.name), owner.uid, owner.gid);
      await lchown(path, owner.uid, owner.gid);
    },
    async discard() {
      if (isMade) await rm(path, { recursive: true, force: true });
      else for (const name of await readdir(path)) await rm(join(path, name), { recursive: true, force: true });
    },
  };
}

function defaultFolder({ backup, sdirPath }: Settings, context: Context): string {
  const name = `rescue-${context.now().toISOString().replaceAll(/\D/g, "").slice(0, 14)}`;
  const place = backup.path ?? (sdirPath === undefined ? undefined : dirname(sdirPath));
  if (place !== undefined) return join(place, name);
  throw new UsageError(
    "no-rescue-folder",
    "neither a folder for archives nor sdir is configured, so a folder has to be named",
    {
      hints: ["--rescue-folder DIR"],
    },
  );
}

/** Where a path leads, links of parents that exist resolved. */
async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(await realPathOf(parent), basename(path));
  }
}

async function makeEmpty(path: string, context: Context): Promise<boolean> {
  try {
    const first = await mkdir(path, { recursive: true, mode: 0o700 });
    if (first !== undefined) return true;
    const [name] = await readdir(path);
    if (name === undefined) {
      // For the time of the work nobody else gets in; only its owner may say so.
      await chmod(path, 0o700);
      if (context.isRoot && (await stat(path)).uid !== 0)
        throw new RefusedError("folder-of-another", `folder ${path} belongs to another user than root`, {
          hints: ["leave --rescue-folder out: a fresh one is made then, and handed over at the end"],
        });
      return false;
    }
    throw new RefusedError("folder-not-empty", `folder ${path} is not empty: it holds ${name}`, {
      hints: ["name another one by --rescue-folder, or leave it out: a fresh one is made then"],
    });
  } catch (error) {
    if (error instanceof RefusedError) throw error;
    throw new RefusedError("folder-not-made", `cannot make folder ${path}: ${messageOf(error)}`, {
      cause: error,
      hints: ["name another one by --rescue-folder"],
    });
  }
}

async function ownerOf({ sdirPath, fileStoragePath }: Settings): Promise<{ uid: number; gid: number } | undefined> {
  for (const folder of [fileStoragePath, sdirPath]) {
    const stats = folder === undefined ? undefined : await stat(folder).catch(() => undefined);
    if (stats !== undefined) return stats.uid === 0 ? undefined : { uid: stats.uid, gid: stats.gid };
  }
  return undefined;
}
