import type { BlobRecord } from "../../applications/application.ts";
import type { BlobSource } from "../../files/pins.ts";
import { blockBytes } from "./block-size.ts";

/** A blob that is to be saved, and where it is read. */
export interface PlannedBlob {
  record: BlobRecord;
  /** Undefined for a name that is not one of file storage. */
  source: BlobSource | undefined;
}

/** Neighbours of the list that are read at once: several small blobs that fill a block, or a single large one. */
export interface BlobRun {
  blobs: PlannedBlob[];
  /** Whether its only blob is read block by block: it is larger than a block, or its row does not tell. */
  isLarge: boolean;
}

/** Digests and answers of a run come back in one message, which should not become large either. */
const blobsPerRun = 256;

/** Cuts the snapshot's list into runs, in its order. */
export async function* planRuns(
  records: AsyncIterable<readonly BlobRecord[]>,
  sourceOf: (record: BlobRecord, index: number) => BlobSource | undefined,
): AsyncGenerator<BlobRun> {
  let blobs: PlannedBlob[] = [];
  let roomBytes = 0;
  let index = 0;
  for await (const batch of records)
    for (const record of batch) {
      const blob = { record, source: sourceOf(record, index) };
      index += 1;
      const { sizeBytes } = record;
      const isLarge = sizeBytes === null || sizeBytes < 0 || sizeBytes > blockBytes;
      const isFull = blobs.length >= blobsPerRun || roomBytes + (sizeBytes ?? 0) > blockBytes;
      if (blobs.length > 0 && (isLarge || isFull)) {
        yield { blobs, isLarge: false };
        blobs = [];
        roomBytes = 0;
      }
      if (isLarge) yield { blobs: [blob], isLarge };
      else {
        blobs.push(blob);
        roomBytes += sizeBytes;
      }
    }
  if (blobs.length > 0) yield { blobs, isLarge: false };
}
