/**
 * Random access to the bytes of an archive: a local file, a spool, later an object in a store.
 * Whoever opened it closes it.
 */
export interface ByteSource {
  /** Path or URL for messages. */
  readonly label: string;
  readonly sizeBytes: number;
  /** Descriptor of the local file that all of it stands in, for threads that read it by themselves; good until `close`. */
  readonly fd?: number;
  /**
   * Reads exactly `lengthBytes` from `offsetBytes`; several calls may be under way at once.
   * @throws AppError when the range cannot be read whole
   */
  read(offsetBytes: number, lengthBytes: number): Promise<Buffer>;
  close(): Promise<void>;
}

/**
 * Where the bytes of an archive go, in order.
 * Nothing is visible under the final name before `finish`; exactly one of `finish` and `abort` ends it, and `abort` may be
 * called after a failed `finish` and more than once.
 */
export interface ByteSink {
  /** Final path or URL for messages. */
  readonly label: string;
  /** Resolves when the next chunk may come; the chunk belongs to the caller again then. */
  write(chunk: Uint8Array): Promise<void>;
  /** Makes what was written durable and visible under its final name. */
  finish(): Promise<void>;
  /** Removes what was written. */
  abort(): Promise<void>;
}
