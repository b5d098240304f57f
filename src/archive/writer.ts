/** What became of an entry that was written. */
export interface EntryTotals {
  name: string;
  /** Where its local header begins in the archive file; 0 in a folder. */
  offsetBytes: number;
  /** Bytes that the ZIP member takes (after ZIP's own deflate, if any). */
  storedBytes: number;
  /** Bytes that unzip extracts. */
  contentBytes: number;
  /** CRC-32 of the content that unzip extracts. */
  crc32: number;
  /** Lower-case hex, of the content that unzip extracts. */
  sha256: string;
}

/** An entry that is being written; exactly one may be open at a time. */
export interface EntryWriter {
  /** Resolves when the next chunk may come; the chunk belongs to the caller again then. */
  write(chunk: Uint8Array): Promise<void>;
  /** Ends the entry; nothing may be written to it after. */
  close(): Promise<EntryTotals>;
}

/**
 * Writes an archive entry by entry, in order: a ZIP or a folder. Exactly one of `finish` and `abort` ends it; `abort` may
 * be called after any failure, after a failed `finish`, and more than once.
 * Names are checked (see `checkEntryName`); that each comes once is the caller's part.
 */
export interface ArchiveWriter {
  /** Bytes handed on so far, headers included. */
  readonly bytesWritten: number;
  /** @param name with the trailing slash: `component/` */
  addDirectory(name: string): Promise<void>;
  /**
   * Writes a small entry whose content is at hand.
   * @param options.deflate stored all the same when deflate does not make it smaller
   * @param options.sha256 digest of the content where the caller has it already; so `options.crc32`
   */
  addEntry(
    name: string,
    content: Uint8Array,
    options?: { deflate?: boolean; sha256?: string; crc32?: number },
  ): Promise<EntryTotals>;
  /**
   * Opens an entry of unknown size; close it before anything else is written.
   * @param options.sha256 gives the digest of the content at its end, where the caller computes it anyway
   */
  openEntry(name: string, options?: { deflate?: boolean; sha256?: () => string }): Promise<EntryWriter>;
  /** Writes what ends the archive, makes it durable and visible under its final name. */
  finish(comment?: string): Promise<void>;
  /** Removes what was written. */
  abort(): Promise<void>;
}
