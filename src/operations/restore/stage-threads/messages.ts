import type { ZipEntry } from "../../../archive/zip-directory.ts";
import type { RestoreFiles } from "../../../files/restore-files.ts";
import type { ThreadArchive } from "../../contents/thread-source.ts";
import type { ThreadError } from "../../contents/thread-error.ts";
import type { FileToStage } from "../file-to-stage.ts";

/** What a thread that stages files is started with. */
export interface StageThreadGiven {
  archive: ThreadArchive;
  files: RestoreFiles;
  /** Whether live files that will do are held for an undo. */
  hold: boolean;
}

/** A file to stage, and its entry in the ZIP. */
export interface ZipFileToStage {
  wanted: FileToStage;
  entry: ZipEntry;
}

/** What became of a batch. */
export interface BatchStaged {
  /** For each file whether it was there already; as far as the batch went. */
  reused: boolean[];
  error: ThreadError | undefined;
}
