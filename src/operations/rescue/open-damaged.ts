import type { DamagedArchive } from "../../archive/rescue/damaged-archive.ts";
import { openDamagedFolder } from "../../archive/rescue/damaged-folder.ts";
import { openDamagedZip } from "../../archive/rescue/damaged-zip.ts";
import { openFileSource } from "../../stores/file-source.ts";
import { findFolder, openArchiveBytes } from "../open-archive.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";

/**
 * Opens an archive however damaged it is: a file, a folder, a store's URL, or `-`.
 * @throws RefusedError when there is nothing that may be read under that name, or it is encrypted and no key fits
 * @throws DamagedError when the header of an encrypted one is damaged: without it nothing can be read
 */
export async function openDamaged(archive: string, access: ArchiveAccess): Promise<DamagedArchive> {
  const { signal } = access.context;
  const folder = await findFolder(archive, access);
  if (folder !== undefined) return await openDamagedFolder(folder, (file) => openFileSource(file, file, false), signal);
  const stored = await openArchiveBytes(archive, access);
  try {
    const { source } = await access.decryption.open(stored, { asFarAsItGoes: true });
    return await openDamagedZip(source, signal);
  } catch (error) {
    await stored.close();
    throw error;
  }
}
