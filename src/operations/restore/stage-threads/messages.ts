import type { RestoreFiles } from "../../../files/restore-files.ts";
import type { ThreadArchive } from "../../contents/thread-source.ts";
import type { ThreadError } from "../../contents/thread-error.ts";
import type { ZipPlace } from "../../contents/zip-places.ts";
import type { FileToStage } from "../file-to-stage.ts";

/** What a thread that stages files is started with. */
export interface StageThreadGiven {
  label: string;
  archives: readonly ThreadArchive[];
  files: RestoreFiles;
  /** Whether live files that will do are held for an undo. */
  hold: boolean;
}

/** A file to stage, and where its entry stands. */
export interface ZipFileToStage {
  wanted: FileToStage;
  place: ZipPlace;
}

/** What became of a batch. */
export interface BatchStaged {
  /** For each file whether it was there already; as far as the batch went. */
  reused: boolean[];
  error: ThreadError | undefined;
}
