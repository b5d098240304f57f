import type { Damage } from "../../archive/damage.ts";
import type { ZipEntry } from "../../archive/zip-directory.ts";
import type { EntryCheck } from "./check-entry.ts";

/** The archive file that a thread reads from; descriptors are the whole process'. */
export interface ThreadArchive {
  fd: number;
  label: string;
  sizeBytes: number;
  /** Where the central directory begins. */
  directoryOffsetBytes: number;
}

/** An entry of a ZIP to be checked. */
export type ZipEntryCheck = EntryCheck & { entry: ZipEntry };

/** What a thread found out about a batch. */
export interface BatchResult {
  problems: (Damage | string)[];
  /** What ended the reading that is no damage. */
  error: { code: string; message: string } | undefined;
}
