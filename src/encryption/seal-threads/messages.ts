/** What a thread that seals is started with. */
export interface SealThreadGiven {
  /** Of the payload. */
  key: Uint8Array;
}

/** Chunks that stand in a slab, each followed by the room for its tag. The slab is handed over: copying into shared memory is slow. */
export interface SealRequest {
  slab: ArrayBuffer;
  /** Of all chunks together; only the file's last may be shorter than a chunk is. */
  plainBytes: number;
  /** Number of the first chunk in the file. */
  firstChunk: number;
  /** Whether the file ends with it. */
  isLast: boolean;
}

/** A sealed slab, handed back. */
export interface SealAnswer {
  slab: ArrayBuffer;
  /** How many of its bytes go into the file. */
  sealedBytes: number;
}
