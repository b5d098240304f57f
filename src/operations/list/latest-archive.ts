import { RefusedError, UsageError } from "../../errors.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";
import { latestName } from "./latest-name.ts";
import { listArchives } from "./list-archives.ts";

/**
 * Path or URL of the newest archive of `backup.path`.
 * @throws UsageError when that is not configured; RefusedError when there is none in it, and what `listArchives` throws
 */
export async function latestArchive(access: ArchiveAccess): Promise<string> {
  const { path: folder } = (await access.load()).backup;
  if (folder === undefined)
    throw new UsageError("no-folder", `${latestName} is the newest archive of backup.path, which is not configured`, {
      hints: ["set backup.path in section [core] of the configuration, or name the archive"],
    });
  const [newest] = await listArchives(folder, access);
  if (newest === undefined) throw new RefusedError("archive-missing", `there is no archive in ${folder}`);
  return newest.path;
}
