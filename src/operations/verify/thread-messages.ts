import type { Damage } from "../../archive/damage.ts";
import type { ThreadError } from "../contents/thread-error.ts";
import type { ThreadArchive } from "../contents/thread-source.ts";
import type { ZipPlace } from "../contents/zip-places.ts";
import type { EntryCheck } from "./check-entry.ts";

/** An entry to be checked, and where it stands. */
export interface ZipEntryCheck {
  check: EntryCheck;
  place: ZipPlace;
}

/** What a thread that checks is started with. */
export interface VerifyThreadGiven {
  label: string;
  archives: readonly ThreadArchive[];
}

/** What a thread found out about a batch. */
export interface BatchResult {
  problems: (Damage | string)[];
  /** What ended the reading that is no damage. */
  error: ThreadError | undefined;
}
