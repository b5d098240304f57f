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
  const add = (file: PlannedFile): void => {
    const key = `${file.area}/${file.path}`;
    if (known.has(key)) return;
    known.add(key);
    removals.push(file);
  };
  for await (const file of plannedRemovals(files)) add(file);
  for await (const file of surplusBlobs(client, application, files.areas.blobs, startedAt)) add(file);
  if (removals.length === 0) return 0;
  await planRemovals(files, removals);
  await removeOldFiles(files);
  return removals.length;
}
