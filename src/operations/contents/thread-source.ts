import { readSync } from "node:fs";
import { readZipContent } from "../../archive/zip-entry-data.ts";
import type { ByteSource, Sealing } from "../../bytes.ts";
import { SealedReader } from "../../encryption/sealed-reader.ts";
import { AppError, DamagedError, messageOf } from "../../errors.ts";
import type { AskedRanges } from "./asked-ranges.ts";
import type { ZipPlace } from "./zip-places.ts";

/** The archive file that a thread reads from. Plain data, which threads can be sent. */
export interface ThreadArchive {
  label: string;
  /** Descriptor of a local file, of the whole process; undefined: its bytes are asked for. */
  fd: number | undefined;
  /** Of the ZIP, which is less than the file where that is encrypted. */
  sizeBytes: number;
  /** Where the central directory begins. */
  directoryOffsetBytes: number;
  /** Set when the file is encrypted. */
  sealed: Sealing | undefined;
}

/** Fills a buffer from an offset on, all of it, by a call that waits or by one that is waited for. */
type Fill = (offsetBytes: number, buffer: Buffer) => void | Promise<void>;

interface OpenThreadArchive extends ThreadArchive {
  fill: Fill;
}

/** Small entries stand next to each other: one read brings many of them. */
const windowBytes = 1024 * 1024;

/** The content of entries of ZIP files for a thread of its own, which reads local files by calls that wait. */
export class ThreadSource {
  readonly #archives: readonly OpenThreadArchive[];
  readonly #sources: readonly ByteSource[];
  /** Buffers that take turns while stored bytes flow by: at most one that is looked at, and one that is read ahead. */
  readonly #ring: readonly Buffer[];
  #turn = 0;
  #passesBy = false;
  /** The read before: a reader that stopped may have left one behind, and both use the same memory. */
  #before: Promise<unknown> = Promise.resolve();
  #window: { archive: OpenThreadArchive | undefined; offsetBytes: number; bytes: Buffer } = {
    archive: undefined,
    offsetBytes: 0,
    bytes: Buffer.alloc(0),
  };

  /** @param asked gives the bytes of archives without a descriptor */
  constructor(archives: readonly ThreadArchive[], asked: AskedRanges) {
    this.#ring = archives.every(({ fd }) => fd !== undefined)
      ? Array.from({ length: 4 }, () => Buffer.allocUnsafeSlow(windowBytes))
      : asked.ring();
    this.#archives = archives.map((archive, index) => ({ ...archive, fill: fillOf(archive, index, asked) }));
    this.#sources = this.#archives.map((archive) => ({
      label: archive.label,
      sizeBytes: archive.sizeBytes,
      read: (offsetBytes, lengthBytes) => this.#readNext(archive, offsetBytes, lengthBytes),
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

  #readNext(archive: OpenThreadArchive, offsetBytes: number, lengthBytes: number): Promise<Buffer> {
    const reading = this.#before.then(() => this.#read(archive, offsetBytes, lengthBytes));
    this.#before = reading.catch(() => undefined);
    return reading;
  }

  async #read(archive: OpenThreadArchive, offsetBytes: number, lengthBytes: number): Promise<Buffer> {
    if (lengthBytes >= windowBytes / 2) {
      const buffer = this.#bufferFor(lengthBytes);
      await archive.fill(offsetBytes, buffer);
      return buffer;
    }
    const { archive: of, offsetBytes: from, bytes } = this.#window;
    if (of !== archive || offsetBytes < from || offsetBytes + lengthBytes > from + bytes.length) {
      const window = Buffer.allocUnsafeSlow(Math.min(windowBytes, archive.sizeBytes - offsetBytes));
      await archive.fill(offsetBytes, window);
      this.#window = { archive, offsetBytes, bytes: window };
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

function fillOf(archive: ThreadArchive, index: number, asked: AskedRanges): Fill {
  const { label, fd, sizeBytes, sealed } = archive;
  const stored: Fill = (offsetBytes, buffer) =>
    fd === undefined ? asked.fill(index, offsetBytes, buffer) : readFileFully(fd, label, offsetBytes, buffer);
  if (sealed === undefined) return stored;
  const payload = { label, offsetBytes: sealed.payloadOffsetBytes, plainBytes: sizeBytes, key: sealed.payloadKey };
  const reader = new SealedReader(payload, stored);
  return (offsetBytes, buffer) => reader.read(offsetBytes, buffer);
}

function readFileFully(fd: number, label: string, offsetBytes: number, buffer: Buffer): void {
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
