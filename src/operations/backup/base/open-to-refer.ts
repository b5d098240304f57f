import { parseEntryName } from "../../../archive/entry-names.ts";
import type { BaseArchive } from "../../../archive/manifest.ts";
import type { ArchiveReader } from "../../../archive/reader.ts";
import { type AppError, DamagedError, RefusedError } from "../../../errors.ts";
import { besideArchive, insidePlace } from "../../chain/base-names.ts";
import { referredArchives } from "../../chain/open-chain.ts";
import { openArchive, openArchiveAlone, openArchiveBytes } from "../../open-archive.ts";
import type { ArchiveAccess } from "../../stores/archive-access.ts";
import { openKeptManifest } from "./kept-manifests.ts";

/**
 * Opens an archive that is to be referred to, without those that it refers to itself, after a look whether they are there: the new
 * archive will refer to them as well. Of one that is encrypted for others, what was kept of it when it was written is opened. Blobs, of
 * which there may be many, are not among the reader's entries.
 * @param keptFolder folder of what is kept; undefined: nothing is
 * @throws RefusedError (exit 4) for all that is wrong with it
 */
export async function openToRefer(
  name: string,
  keptFolder: string | undefined,
  access: ArchiveAccess,
): Promise<ArchiveReader> {
  try {
    const isWanted = (entry: string): boolean => parseEntryName(entry)?.kind !== "record";
    const { reader } = await openArchiveAlone(name, access, { isWanted });
    try {
      if ((await referredArchives(reader)).length > 0) await (await openArchive(name, access)).reader.close();
      return reader;
    } catch (error) {
      await reader.close();
      throw error;
    }
  } catch (error) {
    if (error instanceof DamagedError) throw asRefusal(error);
    if (!isLocked(error)) throw error;
    const reader = await openKept(name, keptFolder, access);
    if (reader === undefined) throw notKept(error);
    try {
      await lookForArchives(await referredArchives(reader), reader.label, name, access);
      return reader;
    } catch (missing) {
      await reader.close();
      throw missing;
    }
  }
}

/** Whether an archive is encrypted for others. */
function isLocked(error: unknown): error is RefusedError {
  return error instanceof RefusedError && error.code === "no-identity";
}

/** What is kept here of an encrypted archive; undefined when nothing is. */
async function openKept(
  name: string,
  keptFolder: string | undefined,
  access: ArchiveAccess,
): Promise<ArchiveReader | undefined> {
  if (keptFolder === undefined) return undefined;
  const archive = await openArchiveBytes(name, access);
  try {
    return await openKeptManifest(keptFolder, archive);
  } finally {
    await archive.close();
  }
}

function notKept({ message, hints }: RefusedError): RefusedError {
  return new RefusedError("base-locked", `${message}; nor is its manifest kept here`, {
    hints: [
      "refer to one that this machine has written lately: of those the manifest is kept, in the folder of state.path",
      "or make a full backup: leave --base out",
      ...hints,
    ],
  });
}

/**
 * Looks whether archives are there, without a look into them, which is all that can be done for those that are encrypted for others.
 * @param label of what refers to them
 * @param name of an archive beside which they are looked for
 * @throws RefusedError base-missing
 */
export async function lookForArchives(
  archives: readonly BaseArchive[],
  label: string,
  name: string,
  access: ArchiveAccess,
): Promise<void> {
  for (const { fileName } of archives) {
    const { basePath } = (await access.load()).ngwbackup;
    const { cwd } = access.context;
    const places = [besideArchive(name, fileName, cwd), basePath && insidePlace(basePath, fileName, cwd)];
    let isThere = false;
    for (const place of places) if (place !== undefined && !isThere) isThere = await canOpen(place, access);
    if (!isThere)
      throw new RefusedError("base-missing", `${label} refers to the archive ${fileName}, which is not there`, {
        hints: ["refer to another archive, or make a full backup: leave --base out"],
      });
  }
}

async function canOpen(name: string, access: ArchiveAccess): Promise<boolean> {
  try {
    await (await openArchiveBytes(name, access)).close();
    return true;
  } catch (error) {
    if (error instanceof RefusedError) return false;
    throw error;
  }
}

/** Opens an archive for its header alone; undefined for one that is encrypted for others, and of which nothing is kept. */
export async function openForHeader(
  path: string,
  keptFolder: string | undefined,
  access: ArchiveAccess,
): Promise<ArchiveReader | undefined> {
  try {
    return (await openArchiveAlone(path, access, { isList: true })).reader;
  } catch (error) {
    if (isLocked(error)) return await openKept(path, keptFolder, access);
    throw error;
  }
}

/** The refusal to refer to something that is no sound archive of ours. */
export function asRefusal(error: AppError): RefusedError {
  return new RefusedError("base-unfit", `this archive cannot be referred to: ${error.message}`, {
    cause: error,
    hints: ["make a full backup of this instance first: ngwbackup backup"],
  });
}
