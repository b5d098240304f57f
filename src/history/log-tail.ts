import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { closeRead } from "../close-read.ts";
import { type NewsEntry, parseEntry } from "./running-log.ts";

const blockBytes = 64 * 1024;

/** No line of ours is longer: what is, is read past. */
const longestLineBytes = 1024 * 1024;

const newline = 0x0a;

/** Follows the log of a run that runs: each look gives what was appended since the last. Whoever makes it closes it. */
export class LogTail {
  readonly #path: string;
  #file: FileHandle | undefined;
  #offsetBytes = 0;
  /** The beginning of a line whose end was not there yet. */
  #rest: Buffer = Buffer.alloc(0);
  #isTooLong = false;

  /** @param path of the log, which may not be there yet */
  constructor(path: string) {
    this.#path = path;
  }

  /** What was appended since the last look, whole lines only; nothing where there is no log, or it cannot be read. */
  async read(): Promise<NewsEntry[]> {
    const entries: NewsEntry[] = [];
    try {
      this.#file ??= await open(this.#path, constants.O_RDONLY | constants.O_NOFOLLOW);
      for (;;) {
        const buffer = Buffer.allocUnsafe(blockBytes);
        const { bytesRead } = await this.#file.read(buffer, 0, blockBytes, this.#offsetBytes);
        if (bytesRead === 0) break;
        this.#offsetBytes += bytesRead;
        this.#take(buffer.subarray(0, bytesRead), entries);
      }
    } catch {
      // A run begins before its log, and its end is in the history.
    }
    return entries;
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) await closeRead(file);
  }

  #take(chunk: Buffer, entries: NewsEntry[]): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let from = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, from)) {
      const entry = this.#isTooLong ? undefined : parseEntry(bytes.toString("utf8", from, end));
      if (entry !== undefined) entries.push(entry);
      this.#isTooLong = false;
      from = end + 1;
    }
    this.#rest = bytes.subarray(from);
    if (this.#rest.length <= longestLineBytes) return;
    this.#isTooLong = true;
    this.#rest = Buffer.alloc(0);
  }
}
