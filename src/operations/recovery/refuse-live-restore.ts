import type { Settings } from "../../config/settings.ts";
import { BusyError } from "../../errors.ts";
import { findWorkFolders } from "../../files/work-folder.ts";
import type { Client } from "../../postgres/connection.ts";
import { readRunRecord } from "../restore/run-record.ts";
import { storageFolders } from "../storage-folders.ts";
import { currentDatabase } from "../../postgres/current-database.ts";

/**
 * Holds the instance to be nobody's who is about to change its files. A restore side by side, or its undo, gives the operation
 * lock up for its switch, and has files to move behind it or to take back: whoever began meanwhile would work on files that are
 * of neither state. The caller holds the lock and has cleared leftovers.
 * @param client connected to the instance's database
 * @throws BusyError (exit 6) that names the folder of a run that lives and has not said that it is finished
 */
export async function refuseLiveRestore(settings: Settings, client: Client): Promise<void> {
  const database = await currentDatabase(client);
  for (const work of await findWorkFolders(storageFolders(settings))) {
    if (work.kind !== "restore" || !work.alive) continue;
    const record = await readRunRecord(work);
    if (record === undefined || record.state === "finished" || record.database !== database) continue;
    throw new BusyError("busy", "a restore of this database has not finished yet", {
      details: [work.path],
      hints: ["wait until it has ended, then try again"],
    });
  }
}
