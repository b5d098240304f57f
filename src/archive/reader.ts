import type { ByteSource, Sealing } from "../bytes.ts";
import type { Manifest } from "./manifest-types.ts";

/** A member of an archive, as its directory tells. */
export interface ArchiveEntry {
  /** `/` separated, relative, checked; directories end in a slash. */
  name: string;
  isDirectory: boolean;
  method: "stored" | "deflate";
  /** Bytes that the ZIP member takes. */
  storedBytes: number;
  /** Bytes that reading it gives. */
  contentBytes: number;
  /** CRC-32 of the content; undefined in a folder, which has none. */
  crc32: number | undefined;
}

/** A ZIP, for threads that read it by themselves. */
export interface ZipFile {
  /** The file as it is stored, here or elsewhere. */
  stored: ByteSource;
  /** Of the ZIP, which is less than the file where that is encrypted. */
  sizeBytes: number;
  /** Where the central directory begins. */
  directoryOffsetBytes: number;
  /** Set when the file is encrypted: how to read the ZIP in it. */
  sealed?: Sealing;
}

/** Random access to the entries of an archive, ZIP file or folder. Nothing that comes out of it is trusted unchecked. */
export interface ArchiveReader {
  /** Path or URL for messages. */
  readonly label: string;
  readonly kind: "zip" | "folder";
  /** The ZIP comment; for a folder the same text, made from its `manifest.sha256`; "" when there is none. */
  readonly comment: string;
  /** Where whoever opened it has read the manifest already. */
  readonly manifest?: Manifest;
  /** Where threads find the bytes of a ZIP; its entries are `ZipEntry`. */
  readonly zipFile?: ZipFile;
  /** An archive that refers to others: what it holds itself, and they, by their ids in its manifest. */
  readonly chain?: { own: ArchiveReader; bases: ReadonlyMap<number, ArchiveReader> };
  /** By name, in the order of the archive. A `./` entry is left out. */
  readonly entries: ReadonlyMap<string, ArchiveEntry>;
  /**
   * The content, in chunks that belong to the receiver.
   * CRC and sizes are checked as it flows, so the last chunk may be followed by an error: act on nothing before the end.
   * @throws DamagedError with entry, offset, expected and found
   */
  read(name: string, options?: { signal?: AbortSignal }): AsyncIterable<Buffer>;
  /**
   * The whole content of a small entry.
   * @throws DamagedError also when it is larger than `maxBytes`
   */
  readAll(name: string, maxBytes: number): Promise<Buffer>;
  /**
   * Part of a stored entry's content, for random access to frames; no CRC is checked, the frames have their own. Memory of
   * its own, which the receiver may give back.
   * @throws DamagedError when the entry is deflated or the range is not inside it
   */
  readRange(name: string, offsetBytes: number, lengthBytes: number): Promise<Buffer>;
  /** Closes what the archive was opened on, too. */
  close(): Promise<void>;
}
