import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { DamagedArchive } from "../../archive/rescue/damaged-archive.ts";
import { openDamagedFolder } from "../../archive/rescue/damaged-folder.ts";
import { openDamagedZip } from "../../archive/rescue/damaged-zip.ts";
import type { ByteSource } from "../../bytes.ts";
import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import type { Reporter } from "../../progress.ts";
import { openFileSource } from "../../stores/file-source.ts";
import { spoolStdin } from "../open-archive.ts";

/**
 * Opens an archive however damaged it is: a file, a folder, or `-`.
 * @throws RefusedError when there is nothing that may be read under that name
 */
export async function openDamaged(
  archive: string,
  settings: Settings,
  context: Context,
  reporter: Reporter,
): Promise<DamagedArchive> {
  const path = resolve(context.cwd, archive);
  if (archive !== "-") {
    // What cannot be looked at is told by who opens it.
    const isFolder = await stat(path).then(
      (stats) => stats.isDirectory(),
      () => false,
    );
    if (isFolder) return await openDamagedFolder(path, (file) => openFileSource(file, file, false), context.signal);
  }
  const source: ByteSource =
    archive === "-" ? await spoolStdin(context, settings, reporter) : await openFileSource(path);
  try {
    return await openDamagedZip(source, context.signal);
  } catch (error) {
    await source.close();
    throw error;
  }
}
