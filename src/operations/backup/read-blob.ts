import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { BlobRecord } from "../../applications/application.ts";
import { compressBlock, type Codec } from "../../archive/codec.ts";
import type { ManifestLoss } from "../../archive/manifest.ts";
import { messageOf } from "../../errors.ts";
import { blobPath, isBlobName } from "../../files/storage-layout.ts";
import type { HeldBlock, PieceOutput } from "./ordered-pieces.ts";

/** How blobs are packed: `deflate` is ZIP's own, everything else a codec of ours. */
export interface BlobPacking {
  compression: "zstd" | "deflate" | "none";
  level: number | undefined;
}

/** A blob on its way into the archive; the reader fills in what it finds, before the block that needs it. */
export interface BlobPiece {
  record: BlobRecord;
  /** File to read: of the storage or its hard link. */
  path: string;
  /** Size found; undefined when there is no file to read. */
  sizeBytes: number | undefined;
  /** Codec of its blocks, known before the first one. */
  codec: Codec;
  /** Whether the ZIP entry itself is deflated. */
  deflate: boolean;
  /** Digest of the plain content, hex, once all was read. */
  sha256: string;
  /** What is wrong with it, for the manifest. */
  loss: ManifestLoss | undefined;
}

export interface BlobBlock extends HeldBlock {
  stored: Uint8Array;
  plainBytes: number;
}

/** Bytes of a blob that are read, compressed and written as one. */
export const blobBlockBytes = 2 * 1024 * 1024;

/** A sample that does not shrink below this share is not worth compressing. */
const worthwhileRatio = 0.9;
const sampleBytes = 64 * 1024;

/** Prepares a blob for reading from a folder of storage's layout. */
export function blobPiece(folder: string, record: BlobRecord): BlobPiece {
  const named = isBlobName(record);
  return {
    record,
    path: named ? join(folder, blobPath(record)) : "",
    sizeBytes: undefined,
    codec: "none",
    deflate: false,
    sha256: "",
    loss: undefined,
  };
}

const label = ({ record }: BlobPiece): string => `${record.component}/${record.uuid}`;

async function readFully(file: FileHandle, buffer: Buffer, position: number): Promise<number> {
  let done = 0;
  while (done < buffer.length) {
    const { bytesRead } = await file.read(buffer, done, buffer.length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

async function isCompressible(block: Buffer): Promise<boolean> {
  if (block.length < 128) return false;
  // The middle of a block says more than its head, which is often a header alone.
  const start = Math.max(0, Math.floor((block.length - sampleBytes) / 2));
  const sample = block.subarray(start, start + sampleBytes);
  return (await compressBlock("zstd", 1, sample)).length < sample.length * worthwhileRatio;
}

/**
 * Reads one blob in blocks. What is missing, unreadable or of another size than its row is a loss to be named, never an
 * end of the backup.
 */
export async function readBlob(piece: BlobPiece, packing: BlobPacking, output: PieceOutput<BlobBlock>): Promise<void> {
  if (piece.path === "") {
    piece.loss = {
      type: "loss",
      kind: "unreadable",
      what: label(piece),
      found: "a name that is not one of file storage",
    };
    return;
  }
  let file: FileHandle;
  try {
    file = await open(piece.path, "r");
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    piece.loss = missing
      ? { type: "loss", kind: "missing", what: label(piece) }
      : { type: "loss", kind: "unreadable", what: label(piece), found: messageOf(error) };
    return;
  }
  try {
    await readOpenBlob(file, piece, packing, output);
  } finally {
    await file.close();
  }
}

async function readOpenBlob(
  file: FileHandle,
  piece: BlobPiece,
  packing: BlobPacking,
  output: PieceOutput<BlobBlock>,
): Promise<void> {
  const stats = await file.stat();
  if (!stats.isFile()) {
    piece.loss = { type: "loss", kind: "unreadable", what: label(piece), found: "not a file" };
    return;
  }
  const hash = createHash("sha256");
  let position = 0;
  while (position < stats.size) {
    const wanted = Math.min(blobBlockBytes, stats.size - position);
    let block = Buffer.allocUnsafeSlow(wanted);
    try {
      block = block.subarray(0, await readFully(file, block, position));
    } catch (error) {
      piece.loss = {
        type: "loss",
        kind: "unreadable",
        what: label(piece),
        found: `${messageOf(error)} at ${position}`,
      };
      // Nothing was handed over yet: it is left out whole. Otherwise what was read stays, and the loss names it.
      if (position === 0) return;
      break;
    }
    if (block.length === 0) break;
    if (position === 0) await choosePacking(piece, packing, block);
    piece.sizeBytes = stats.size;
    hash.update(block);
    position += block.length;
    const { codec } = piece;
    await output.push(block.length, async () => {
      const stored = codec === "none" ? block : await compressBlock(codec, packing.level, block);
      return { stored, heldBytes: stored.length, plainBytes: block.length };
    });
  }
  piece.sizeBytes = position;
  piece.sha256 = hash.digest("hex");
  const expected = piece.record.sizeBytes;
  if (piece.loss === undefined && expected !== null && expected !== position)
    piece.loss = {
      type: "loss",
      kind: "size",
      what: label(piece),
      expected: `${expected} bytes`,
      found: `${position} bytes`,
    };
}

async function choosePacking(piece: BlobPiece, packing: BlobPacking, first: Buffer): Promise<void> {
  if (packing.compression === "none" || !(await isCompressible(first))) return;
  if (packing.compression === "deflate") piece.deflate = true;
  else piece.codec = "zstd";
}
