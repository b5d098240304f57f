import type { BlobRecord } from "../../applications/application.ts";
import type { BlobSource } from "../../files/pins.ts";
import type { EarlierBlob } from "./base/earlier-blobs.ts";
import { blockBytes } from "./block-size.ts";

/** A blob that is to be saved, and where it is read. */
export interface PlannedBlob {
  record: BlobRecord;
  /** Undefined for a name that is not one of file storage. */
  source: BlobSource | undefined;
  /** Where an earlier archive holds it, of the size that its row says. */
  earlier: EarlierBlob | undefined;
}

/** Neighbours of the list that are read at once: several small blobs that fill a block, or a single large one. */
export interface BlobRun {
  blobs: PlannedBlob[];
  /** Whether its only blob is read block by block: it is larger than a block, or its row does not tell. */
  isLarge: boolean;
}

/** Digests and answers of a run come back in one message, which should not become large either. */
const blobsPerRun = 256;

/**
 * Cuts the snapshot's list into runs, in its order.
 * @param earlierOf finds a blob in an earlier archive
 * @param reread whether those are read all the same
 */
export async function* planRuns(
  records: AsyncIterable<readonly BlobRecord[]>,
  sourceOf: (record: BlobRecord, index: number) => BlobSource | undefined,
  earlierOf?: (record: BlobRecord) => Promise<EarlierBlob | undefined>,
  reread = false,
): AsyncGenerator<BlobRun> {
  let blobs: PlannedBlob[] = [];
  let roomBytes = 0;
  let index = 0;
  for await (const batch of records)
    for (const record of batch) {
      const found = await earlierOf?.(record);
      const earlier = found?.sizeBytes === record.sizeBytes ? found : undefined;
      const blob = { record, source: sourceOf(record, index), earlier };
      index += 1;
      // What is not read takes no room.
      const sizeBytes = earlier === undefined || reread ? record.sizeBytes : 0;
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
