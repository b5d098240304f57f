import type { Damage } from "../damage.ts";

/** A member of an archive that may be damaged, by whatever still tells of it. */
export interface DamagedEntry {
  /** Checked as in any archive; directories are left out. */
  name: string;
  method: "stored" | "deflate";
  /** Bytes that are there of it, before the ZIP's own deflate is undone. */
  storedBytes: number;
  /** Undefined where nothing says it. */
  contentBytes: number | undefined;
  /**
   * CRC-32 of the content as its headers tell: they may contradict each other, and one that is right is enough. Empty where they
   * are gone; undefined for a file of a folder, which never had one.
   */
  crcs: readonly number[] | undefined;
  /** The file ends within it. */
  isCut: boolean;
}

/** Access to what can be found of an archive, file or folder. Nothing of it is believed unless a digest agrees. */
export interface DamagedArchive {
  /** Path for messages. */
  readonly label: string;
  /** Digest of the manifest by the comment of the ZIP, or by a folder's `manifest.sha256`; undefined where it is gone. */
  readonly manifestDigest: string | undefined;
  readonly entries: ReadonlyMap<string, DamagedEntry>;
  /** What is wrong with its structure; empty for one that is sound so far. */
  readonly damages: readonly Damage[];
  /** Where the archive is cut off, so that entries may be missing of which nothing tells; undefined when its end was found. */
  readonly cutAtBytes: number | undefined;
  /**
   * Bytes of an entry as they stand in the archive, in memory of their own; fewer where the entry ends.
   * @param offsetBytes from the entry's first
   */
  readStored(name: string, offsetBytes: number, lengthBytes: number): Promise<Buffer>;
  /**
   * The content, the ZIP's own deflate undone as far as that can be done.
   * @throws DamagedError behind the last byte that could be had; nothing is compared with a digest
   */
  content(name: string): AsyncIterable<Buffer>;
  close(): Promise<void>;
}
