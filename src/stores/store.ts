import type { ByteSink, ByteSource } from "../bytes.ts";

/** An object of a store: a file of a folder, an object of a bucket. */
export interface StoredObject {
  /** Relative to the store's root, `/` separated. */
  name: string;
  sizeBytes: number;
  /** When it was completed, by the store's clock. */
  modifiedAt: Date;
}

/** How an object is written. */
export interface CreateOptions {
  /** Replace an object of that name; refused when not given. */
  overwrite?: boolean;
  /** Ends writing: what waits fails with the signal's reason. `abort` still works afterwards. */
  signal: AbortSignal;
  /**
   * Called with all that was written as soon as the store can read it: before it has its final name where that is possible,
   * right after otherwise. When it throws, `finish` throws the same, and nothing stays under the name. The source is closed
   * by the store.
   */
  check?: (written: ByteSource) => Promise<void>;
}

/**
 * A place where archives are kept: a folder, a prefix of a bucket, a remote of rclone. Several calls may be under way at
 * once. Every store passes the contract suite in test/stores/contract.
 *
 * Names are relative to the store's root and never trusted by it: one that is empty, absolute, or has `.`, `..`, a
 * backslash or a control character as or in a part is refused (UsageError `object-name`).
 *
 * Errors: RefusedError `archive-missing` for a name that is not there; `store-denied` when the store does not let us in, or
 * not do that; AppError `store-failed` with what the store says for the rest. A passing failure (a broken connection, a
 * server that is busy) is tried again before, with growing pauses. No error and no label holds a credential.
 */
export interface Store {
  /** Path or URL of the root for messages. */
  readonly label: string;
  /** Path or URL of an object, as users write it. */
  locate(name: string): string;
  /** What stands directly under the root, in no particular order; nothing of what is only half written. */
  list(signal: AbortSignal): AsyncIterable<StoredObject>;
  /** Undefined when there is no such object. */
  stat(name: string, signal: AbortSignal): Promise<StoredObject | undefined>;
  /** Random access to an object as it is now; the caller closes it. Reads end with the signal. */
  open(name: string, signal: AbortSignal): Promise<ByteSource>;
  /**
   * Writes an object from beginning to end, its size unknown, in bounded memory. Nothing is visible under the name before
   * `finish`, and nothing is left of it after `abort`.
   * @throws RefusedError `target-exists` at once when it is there, and in `finish` when another made it in the meantime (as
   * far as the store can tell)
   */
  create(name: string, options: CreateOptions): Promise<ByteSink>;
  /** Removes an object; one that is not there is no error. */
  remove(name: string, signal: AbortSignal): Promise<void>;
  /** Removes what dead runs were writing and left; those of live runs stay. Gives what was removed, for messages. */
  clearDead(now: Date, signal: AbortSignal): Promise<string[]>;
  /** Ends connections; may be called more than once. Sources and sinks are ended before by whoever opened them. */
  close(): Promise<void>;
}
