/** What a thread that seals is started with. */
export interface SealThreadGiven {
  /** Of the payload. */
  key: Uint8Array;
}

/** Chunks that stand in a slab, each followed by the room for its tag. */
export interface SealRequest {
  slab: SharedArrayBuffer;
  /** Of all chunks together; only the file's last may be shorter than a chunk is. */
  plainBytes: number;
  /** Number of the first chunk in the file. */
  firstChunk: number;
  /** Whether the file ends with it. */
  isLast: boolean;
}

/** Bytes of the slab that go into the file. */
export type SealAnswer = number;
