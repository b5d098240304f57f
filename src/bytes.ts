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
  /** Set for bytes that stand encrypted in another source; there is no `fd` then. */
  readonly sealed?: SealedBytes;
  /**
   * Reads exactly `lengthBytes` from `offsetBytes`; several calls may be under way at once.
   * @throws AppError when the range cannot be read whole
   */
  read(offsetBytes: number, lengthBytes: number): Promise<Buffer>;
  /** As `read`, into memory of the caller's; there where that saves copying. */
  readInto?(offsetBytes: number, into: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** A payload that is encrypted (age v1), for threads that decrypt it by themselves: `SealedReader`. */
export interface Sealing {
  /** Where the first chunk of the payload begins. */
  payloadOffsetBytes: number;
  /** Opens this one file; whoever has it can read all of it. */
  payloadKey: Uint8Array;
}

/** Encrypted bytes and where they stand. */
export interface SealedBytes extends Sealing {
  /** Closed by whoever decrypts it. */
  stored: ByteSource;
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
