import type { PlannedStage } from "../../progress.ts";
import type { BackupEstimate } from "./estimate.ts";

/*
 * Rates that were measured on two cores, with most of it in the page cache; what counts is the ratio of one to another (see
 * PlannedStage).
 */
const tableBytesPerMs = 280_000;
const blobBytesPerMs = 620_000;
const archiveBytesPerMs = 8_000_000;
/** pg_dump describes a table, and we lock it. */
const describedTableMs = 0.5;
const copiedTableMs = 0.2;
const pinnedBlobMs = 0.02;
const copiedBlobMs = 0.06;
const snapshotMs = 250;
const finishMs = 60;
const listedBlobMs = 0.02;

/** The stages of a backup, and what they are expected to take by what is known beforehand. */
export function expectBackup({ tables, tableBytes, blobs, blobBytes, archiveBytes }: BackupEstimate): PlannedStage[] {
  return [
    { stage: "snapshot", expectedMs: snapshotMs + tables * describedTableMs + blobs * pinnedBlobMs },
    { stage: "rows", expectedMs: tables * copiedTableMs + tableBytes / tableBytesPerMs },
    { stage: "blobs", expectedMs: blobs * copiedBlobMs + blobBytes / blobBytesPerMs },
    { stage: "finish", expectedMs: finishMs + blobs * listedBlobMs + archiveBytes / archiveBytesPerMs },
  ];
}
