import type { BlobRecord } from "../../applications/application.ts";
import { componentIndexName, componentRecordName } from "../../archive/entry-names.ts";
import type { ManifestBuilder } from "../../archive/manifest.ts";
import type { ArchiveWriter, EntryTotals } from "../../archive/writer.ts";
import type { StageProgress } from "../../progress.ts";
import { runOrderedPieces } from "./ordered-pieces.ts";
import { type BlobBlock, type BlobPacking, type BlobPiece, blobBlockBytes, blobPiece, readBlob } from "./read-blob.ts";
import { RecordIndex } from "./record-index.ts";

/** What {@link dumpBlobs} needs. */
export interface DumpBlobsOptions {
  writer: ArchiveWriter;
  manifest: ManifestBuilder;
  /** Folder of storage's layout that blobs are read from. */
  folder: string;
  /** What the snapshot lists, in order. */
  records: AsyncIterable<readonly BlobRecord[]>;
  packing: BlobPacking;
  /** Readers at once. */
  jobs: number;
  /** Bytes in flight. */
  limitBytes: number;
  progress: StageProgress;
  signal: AbortSignal;
  /** Called for each loss as it is met. */
  onLoss(piece: BlobPiece): void;
}

/** Totals of the blobs written. */
export interface DumpedBlobs {
  blobs: number;
  plainBytes: number;
}

async function* piecesOf(options: DumpBlobsOptions): AsyncGenerator<BlobPiece> {
  for await (const batch of options.records) for (const record of batch) yield blobPiece(options.folder, record);
}

/**
 * Writes every blob of the snapshot as a record of component `file_storage`, read by several readers, in the order of
 * the list, and the component's index.
 */
export async function dumpBlobs(options: DumpBlobsOptions): Promise<DumpedBlobs> {
  const { writer, manifest } = options;
  const index = new RecordIndex("fileobj");
  const totals: DumpedBlobs = { blobs: 0, plainBytes: 0 };
  await writer.addDirectory("component/file_storage/");
  await runOrderedPieces<BlobPiece, BlobBlock>({
    pieces: piecesOf(options),
    read: (piece, output) => readBlob(piece, options.packing, output),
    workers: options.jobs,
    limitBytes: options.limitBytes,
    signal: options.signal,
    async write(piece, blocks) {
      const written = await writeBlob(writer, index.nextId, piece, blocks, options.progress);
      if (piece.loss !== undefined) {
        manifest.addLoss(piece.loss);
        options.onLoss(piece);
      }
      if (written === undefined) return;
      const sizeBytes = piece.sizeBytes ?? 0;
      manifest.addEntry({
        type: "entry",
        name: written.entry.name,
        storedBytes: written.entry.storedBytes,
        contentBytes: written.entry.contentBytes,
        sha256: written.entry.sha256,
        codec: piece.codec,
        plainBytes: sizeBytes,
        ...(written.frames.length > 1 ? { frames: written.frames } : {}),
      });
      index.add({
        component: piece.record.component,
        uuid: piece.record.uuid,
        size: sizeBytes,
        sha256: piece.sha256,
      });
      totals.blobs += 1;
      totals.plainBytes += sizeBytes;
    },
  });
  await index.writeTo(writer, manifest, componentIndexName("file_storage"));
  return totals;
}

async function writeBlob(
  writer: ArchiveWriter,
  id: number,
  piece: BlobPiece,
  blocks: AsyncIterable<BlobBlock>,
  progress: StageProgress,
): Promise<{ entry: EntryTotals; frames: [number, number, number][] } | undefined> {
  const frames: [number, number, number][] = [];
  const iterator = blocks[Symbol.asyncIterator]();
  const first = await iterator.next();
  // Only now has the reader looked at the file: whether there is one, how large it is and how it is packed.
  if (piece.sizeBytes === undefined) return undefined;
  const name = componentRecordName("file_storage", id, piece.codec);
  const deflate = piece.deflate;
  if (first.done === true) return { entry: await writer.addEntry(name, new Uint8Array(), {}), frames };
  const note = (block: BlobBlock): void => {
    if (piece.codec !== "none") frames.push([block.stored.length, block.plainBytes, 0]);
    progress.advance(block.plainBytes);
  };
  if (piece.sizeBytes <= blobBlockBytes) {
    note(first.value);
    const entry = await writer.addEntry(name, first.value.stored, { deflate });
    await iterator.next();
    return { entry, frames };
  }
  const open = await writer.openEntry(name, { deflate });
  for (let next: IteratorResult<BlobBlock> = first; next.done !== true; next = await iterator.next()) {
    note(next.value);
    await open.write(next.value.stored);
  }
  return { entry: await open.close(), frames };
}
