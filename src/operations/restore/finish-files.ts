import type { Application, SqlClient } from "../../applications/application.ts";
import { type PlannedFile, type RestoreFiles, planRemovals, plannedRemovals } from "../../files/restore-files.ts";
import { putNewFiles, removeOldFiles } from "../../files/swap-files.ts";
import { surplusBlobs } from "./surplus-blobs.ts";

/**
 * Brings the files in step with a database that has switched, after a crash at any point: what is new is live already or
 * becomes so, what the new state does not know is moved away.
 * @param startedAt when the restore began
 * @param client a connection to the restored database
 * @returns how many files were moved away
 */
export async function finishFiles(
  files: RestoreFiles,
  startedAt: Date,
  client: SqlClient,
  application: Application,
): Promise<number> {
  await putNewFiles(files);
  return await removeSurplusFiles(files, startedAt, client, application);
}

/** The second half of {@link finishFiles}, for who has just put the new files. Can be done again. */
export async function removeSurplusFiles(
  files: RestoreFiles,
  startedAt: Date,
  client: SqlClient,
  application: Application,
): Promise<number> {
  const removals: PlannedFile[] = [];
  const known = new Set<string>();
  for await (const file of plannedRemovals(files)) {
    known.add(`${file.area}/${file.path}`);
    removals.push(file);
  }
  for await (const path of surplusBlobs(client, application, files.areas.blobs, startedAt)) {
    // Those of a run that died keep their numbers, under which some may stand aside already.
    if (!known.has(`blobs/${path}`)) removals.push({ area: "blobs", path, number: removals.length });
  }
  if (removals.length === 0) return 0;
  await planRemovals(files, removals);
  await removeOldFiles(files);
  return removals.length;
}
