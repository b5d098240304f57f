import type { Damage } from "../../archive/damage.ts";
import type { ZipEntry } from "../../archive/zip-directory.ts";
import type { ThreadError } from "../contents/thread-error.ts";
import type { EntryCheck } from "./check-entry.ts";

/** An entry of a ZIP to be checked. */
export type ZipEntryCheck = EntryCheck & { entry: ZipEntry };

/** What a thread found out about a batch. */
export interface BatchResult {
  problems: (Damage | string)[];
  /** What ended the reading that is no damage. */
  error: ThreadError | undefined;
}
