import { readSync } from "node:fs";
import { readZipContent } from "../../archive/zip-entry-data.ts";
import type { ZipFile } from "../../archive/reader.ts";
import type { ByteSource } from "../../bytes.ts";
import { SealedReader } from "../../encryption/sealed-reader.ts";
import { AppError, DamagedError, messageOf } from "../../errors.ts";
import type { ZipPlace } from "./zip-places.ts";

/** The archive file that a thread reads from; descriptors are the whole process'. */
export interface ThreadArchive extends ZipFile {
  label: string;
}

interface OpenThreadArchive extends ThreadArchive {
  /** Undefined for a file that is not encrypted. */
  reader: SealedReader | undefined;
}

/** Small entries stand next to each other: one read brings many of them. */
const windowBytes = 1024 * 1024;

/** The content of entries of ZIP files for a thread of its own, which reads by calls that wait. */
export class ThreadSource {
  readonly #archives: readonly OpenThreadArchive[];
  readonly #sources: readonly ByteSource[];
  /** Buffers that take turns while stored bytes flow by: at most one that is looked at, and one that is read ahead. */
  readonly #ring = Array.from({ length: 4 }, () => Buffer.allocUnsafeSlow(windowBytes));
  #turn = 0;
  #passesBy = false;
  #window: { archive: OpenThreadArchive | undefined; offsetBytes: number; bytes: Buffer } = {
    archive: undefined,
    offsetBytes: 0,
    bytes: Buffer.alloc(0),
  };

  constructor(archives: readonly ThreadArchive[]) {
    this.#archives = archives.map((archive) => ({ ...archive, reader: sealedReader(archive) }));
    this.#sources = this.#archives.map((archive) => ({
      label: archive.label,
      sizeBytes: archive.sizeBytes,
      read: async (offsetBytes, lengthBytes) => this.#read(archive, offsetBytes, lengthBytes),
      close: () => Promise.resolve(),
    }));
  }

  /**
   * The content of an entry, checked as {@link readZipContent} does. One entry is read at a time.
   * @param passesBy whether each chunk is done with before the next is asked for, and never kept
   */
  content({ archive, entry }: ZipPlace, passesBy: boolean): AsyncGenerator<Buffer> {
    const source = this.#sources[archive];
    const directoryOffsetBytes = this.#archives[archive]?.directoryOffsetBytes;
    if (source === undefined || directoryOffsetBytes === undefined) throw new Error(`there is no archive ${archive}`);
    // An inflater keeps chunks for a while.
    this.#passesBy = passesBy && entry.method === "stored";
    return readZipContent(source, entry, directoryOffsetBytes);
  }

  #read(archive: OpenThreadArchive, offsetBytes: number, lengthBytes: number): Buffer {
    if (lengthBytes >= windowBytes / 2) return readFully(archive, offsetBytes, this.#bufferFor(lengthBytes));
    const { archive: of, offsetBytes: from, bytes } = this.#window;
    if (of !== archive || offsetBytes < from || offsetBytes + lengthBytes > from + bytes.length) {
      const size = Math.min(windowBytes, archive.sizeBytes - offsetBytes);
      this.#window = { archive, offsetBytes, bytes: readFully(archive, offsetBytes, Buffer.allocUnsafeSlow(size)) };
    }
    const start = offsetBytes - this.#window.offsetBytes;
    return this.#window.bytes.subarray(start, start + lengthBytes);
  }

  #bufferFor(lengthBytes: number): Buffer {
    if (!this.#passesBy || lengthBytes > windowBytes) return Buffer.allocUnsafeSlow(lengthBytes);
    this.#turn = (this.#turn + 1) % this.#ring.length;
    return this.#ring[this.#turn]!.subarray(0, lengthBytes);
  }
}

function readFully(archive: OpenThreadArchive, offsetBytes: number, buffer: Buffer): Buffer {
  if (archive.reader === undefined) readFileFully(archive, offsetBytes, buffer);
  else archive.reader.read(offsetBytes, buffer);
  return buffer;
}

function sealedReader(archive: ThreadArchive): SealedReader | undefined {
  const { label, sizeBytes, sealed } = archive;
  if (sealed === undefined) return undefined;
  const payload = { label, offsetBytes: sealed.payloadOffsetBytes, plainBytes: sizeBytes, key: sealed.payloadKey };
  return new SealedReader(payload, (offsetBytes, buffer) => readFileFully(archive, offsetBytes, buffer));
}

function readFileFully({ fd, label }: ThreadArchive, offsetBytes: number, buffer: Buffer): void {
  for (let done = 0; done < buffer.length;) {
    let bytes: number;
    try {
      bytes = readSync(fd, buffer, done, buffer.length - done, offsetBytes + done);
    } catch (error) {
      const place = `cannot read ${label} at offset ${offsetBytes + done}`;
      throw new AppError("read-failed", `${place}: ${messageOf(error)}`, { cause: error });
    }
    if (bytes === 0) {
      const found = `found its end at ${offsetBytes + done}`;
      throw new DamagedError(
        "archive-shrank",
        `${label} shrank while it was read: expected ${buffer.length} bytes at ${offsetBytes}, ${found}`,
      );
    }
    done += bytes;
  }
}
