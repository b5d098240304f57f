import type { ByteSink } from "../bytes.ts";

const pendingBytes = 1024 * 1024;
const directBytes = 512 * 1024;

/** A sink that gathers small writes into large ones. */
export interface BatchedOutput {
  /** Offset of the next byte. */
  readonly offsetBytes: number;
  /** The chunk belongs to the caller again when it resolves. */
  write(chunk: Uint8Array): Promise<void>;
  flush(): Promise<void>;
}

/**
 * Gathers small writes to a sink; chunks of 512 KiB and more go through as they are.
 * @param startOffsetBytes where in the file the sink's first byte comes to stand
 */
export function createBatchedOutput(sink: ByteSink, startOffsetBytes: number): BatchedOutput {
  const pending = Buffer.allocUnsafeSlow(pendingBytes);
  let used = 0;
  let offset = startOffsetBytes;
  const flush = async (): Promise<void> => {
    if (used === 0) return;
    const ready = pending.subarray(0, used);
    used = 0;
    await sink.write(ready);
  };
  return {
    get offsetBytes() {
      return offset;
    },
    async write(chunk) {
      offset += chunk.length;
      if (used > 0 && used + chunk.length > pendingBytes) await flush();
      if (chunk.length >= directBytes) {
        await flush();
        await sink.write(chunk);
        return;
      }
      pending.set(chunk, used);
      used += chunk.length;
    },
    flush,
  };
}
