import type { Application } from "../../applications/application.ts";
import type { Client } from "../../postgres/connection.ts";
import { freeSpaceAt } from "../../files/free-space.ts";
import { formatBytes } from "../../terminal/format.ts";
import { RefusedError } from "../../errors.ts";
import type { SavedTable } from "./saved-tables.ts";

/** What a backup will read, and about what it will write. */
export interface BackupEstimate {
  tables: number;
  /** Size of the tables whose rows are saved, indexes left out. */
  tableBytes: number;
  blobs: number;
  blobBytes: number;
  /** About the size of the archive. */
  archiveBytes: number;
}

/** Share of a table's size that its rows take in an archive, by what was measured on points and polygons. */
const shareOfTables = { zstd: 0.35, deflate: 0.33, none: 1.4 } as const;

/** Estimates the archive's size: rows shrink by a known share, blobs are taken as they are. */
function estimateArchive(
  sizes: Omit<BackupEstimate, "archiveBytes">,
  compression: keyof typeof shareOfTables,
): BackupEstimate {
  return { ...sizes, archiveBytes: Math.ceil(sizes.tableBytes * shareOfTables[compression] + sizes.blobBytes) };
}

/**
 * Refuses a target that clearly has no room. Blobs often shrink as well, so half of the estimate is the least.
 * @param folder where the archive is written
 * @returns a warning when it may become tight
 * @throws RefusedError (exit 4)
 */
export async function checkSpace(folder: string, estimate: BackupEstimate): Promise<string | undefined> {
  const space = await freeSpaceAt(folder);
  if (space === undefined || space.freeBytes >= estimate.archiveBytes) return undefined;
  const sizes = `the archive takes about ${formatBytes(estimate.archiveBytes)}, and ${formatBytes(space.freeBytes)} are free`;
  if (space.freeBytes < estimate.archiveBytes / 2)
    throw new RefusedError("no-space", `not enough space in ${folder}: ${sizes}`, {
      hints: ["name a target on another disk: ngwbackup backup /other/disk/", "remove old archives"],
    });
  return `space in ${folder} may be short: ${sizes}`;
}

/**
 * Looks at what a backup would read: every table whose rows are saved, every blob that rows list.
 * @param saved see `savedTables`
 */
export async function estimateBackup(
  client: Client,
  application: Application,
  saved: readonly SavedTable[],
  compression: keyof typeof shareOfTables,
): Promise<BackupEstimate> {
  const { blobs, sizeBytes } = await application.countBlobs(client);
  const tableBytes = saved.reduce((sum, { sizeBytes: bytes }) => sum + bytes, 0);
  return estimateArchive({ tables: saved.length, tableBytes, blobs, blobBytes: sizeBytes }, compression);
}
