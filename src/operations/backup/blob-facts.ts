import type { Codec } from "../../archive/codec.ts";
import type { ManifestLoss } from "../../archive/manifest.ts";
import type { PlannedBlob } from "./blob-runs.ts";
import type { ReadFailure } from "./blob-threads/messages.ts";

/** How blobs are packed: `deflate` is ZIP's own, everything else a codec of ours. */
export interface BlobPacking {
  compression: "zstd" | "deflate" | "none";
  level: number | undefined;
}

/** What is known of a blob that was read. */
export interface BlobFacts {
  planned: PlannedBlob;
  /** Bytes read; undefined when there was nothing to read. */
  sizeBytes: number | undefined;
  codec: Codec;
  /** Whether the ZIP entry itself is deflated. */
  deflate: boolean;
  /** Of the plain content, lower-case hex; of a blob in blocks at its end only. */
  sha256: string;
  /** Of the plain content of a blob that was read at once. */
  crc32?: number;
  /** What is wrong with it, for the manifest. */
  loss: ManifestLoss | undefined;
  /** Whether it is taken from an earlier archive, and so not written. */
  isReferred: boolean;
  /** What is odd about the file of a blob that an earlier archive holds, for people. */
  oddity: string | undefined;
}

const label = ({ record }: PlannedBlob): string => `${record.component}/${record.uuid}`;

/** Nothing is known yet but what the snapshot says. */
export function factsOf(planned: PlannedBlob): BlobFacts {
  return {
    planned,
    sizeBytes: undefined,
    codec: "none",
    deflate: false,
    sha256: "",
    loss: undefined,
    isReferred: false,
    oddity: undefined,
  };
}

/** Decides by a sample of its content how a blob is packed; what hardly gets smaller is stored as it is. */
export function choosePacking(facts: BlobFacts, { compression }: BlobPacking, compressible: boolean): void {
  if (!compressible) return;
  if (compression === "deflate") facts.deflate = true;
  else facts.codec = "zstd";
}

/** The loss of a blob whose row names no file that could be one of file storage. */
export function badName(planned: PlannedBlob): ManifestLoss {
  return { type: "loss", kind: "unreadable", what: label(planned), found: "a name that is not one of file storage" };
}

/** The loss of a blob that could not be read. @param positionBytes how much of it was read before */
export function lossOf(planned: PlannedBlob, failure: ReadFailure, positionBytes = 0): ManifestLoss {
  const what = label(planned);
  if (failure.code === "ENOENT") return { type: "loss", kind: "missing", what };
  const where = positionBytes > 0 ? ` at ${positionBytes}` : "";
  return { type: "loss", kind: "unreadable", what, found: `${failure.message}${where}` };
}

/** The loss of a blob of another size than its row says; undefined when the row says nothing, or the same. */
export function sizeLoss(planned: PlannedBlob, foundBytes: number): ManifestLoss | undefined {
  const expected = planned.record.sizeBytes;
  if (expected === null || expected === foundBytes) return undefined;
  const what = label(planned);
  return { type: "loss", kind: "size", what, expected: `${expected} bytes`, found: `${foundBytes} bytes` };
}
