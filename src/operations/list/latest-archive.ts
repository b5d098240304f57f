import { placeHint } from "../../config/place-options.ts";
import { RefusedError, UsageError } from "../../errors.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";
import { latestName } from "./latest-name.ts";
import { listArchives } from "./list-archives.ts";

/**
 * Path or URL of the newest archive of the configured place.
 * @throws UsageError when that is not configured; RefusedError when there is none in it, and what `listArchives` throws
 */
export async function latestArchive(access: ArchiveAccess): Promise<string> {
  const { place } = (await access.load()).backup;
  if (place === undefined)
    throw new UsageError(
      "no-folder",
      `${latestName} is the newest archive of the configured place, and there is none`,
      {
        hints: [placeHint, "or name the archive"],
      },
    );
  const [newest] = await listArchives(place, access);
  if (newest === undefined) throw new RefusedError("archive-missing", `there is no archive in ${place}`);
  return newest.path;
}
