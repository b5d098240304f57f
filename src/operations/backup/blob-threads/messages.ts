import type { HeldTable } from "../../../files/held-files.ts";
import type { BlobSource } from "../../../files/pins.ts";

/** What a thread is given at its start. */
export interface BlobThreadData {
  /** Whether we may read everything, and must not do so for others. */
  isRoot: boolean;
}

/** A blob to be read into a slab at once. */
export interface WantedBlob {
  /** Undefined for a name that is not one of file storage. */
  source: BlobSource | undefined;
  /** Its size is all that is wanted. */
  onlySize: boolean;
  /** Where in the slab its bytes go, and how many it may have. */
  offsetBytes: number;
  roomBytes: number;
}

/** What a thread is asked. Answers come in the order of the questions. */
export type BlobRequest =
  /** Reads blobs whole, up to the first that is larger than its room. */
  | { type: "run"; slab: SharedArrayBuffer; blobs: readonly WantedBlob[]; sample: boolean }
  /** Opens a blob to be read by blocks; `reader` tells those apart that are open at the same time. */
  | { type: "open"; reader: number; source: BlobSource }
  | { type: "block"; reader: number; slab: SharedArrayBuffer; sample: boolean }
  | { type: "close"; reader: number }
  /** Digests a blob as it stands; one with the digest that is expected is done with, any other can still be opened. */
  | { type: "digest"; source: BlobSource; expected: string }
  /** Opens files and puts their descriptors into the table, from `from` on; what cannot be opened is left out. */
  | { type: "hold"; table: HeldTable; from: number; paths: readonly string[] }
  /** Makes links under the names of `linkPath`, numbered from `from` on; empty paths are passed over. */
  | { type: "link"; folder: string; from: number; paths: readonly string[] };

/** Why a file could not be read: an error of the system, or what stands at its path. */
export interface ReadFailure {
  /** `ENOENT`, ...; undefined for what is no file. */
  code: string | undefined;
  message: string;
}

/** What became of a blob of a run. */
export type RunItem =
  | { type: "read"; sizeBytes: number; sha256: string; crc32: number; compressible: boolean }
  /** Answer for `onlySize`. */
  | { type: "size"; sizeBytes: number }
  /** More than its room: it has to be read on its own. */
  | { type: "larger" }
  | { type: "failed"; failure: ReadFailure };

/** Answer to `open`. */
export type OpenedBlob = { sizeBytes: number } | { failure: ReadFailure };
/** Answer to `block`: no bytes at the end of the file. */
export type BlobBlockRead = { bytes: number; compressible: boolean } | { failure: ReadFailure };
/** Answer to `close`: digest of all that was read. */
export interface ClosedBlob {
  sha256: string;
}
/** Answer to `digest`. */
export type DigestedBlob = { isExpected: boolean } | { failure: ReadFailure };
/** Answer to `hold`: false when the system has no room for more open files. */
export interface FilesHeld {
  hasRoom: boolean;
}
/** Answer to `link`: the first failure that is not a missing file. */
export interface LinksMade {
  failure: ReadFailure | undefined;
}

/** Answers by question. */
export interface BlobAnswers {
  run: RunItem[];
  open: OpenedBlob;
  block: BlobBlockRead;
  close: ClosedBlob;
  digest: DigestedBlob;
  hold: FilesHeld;
  link: LinksMade;
}
