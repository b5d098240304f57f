import { crc32, createDeflateRaw } from "node:zlib";
import { createContentDigest } from "./content-digest.ts";
import type { BatchedOutput } from "./zip-output.ts";

/** What the data of a streamed entry came to. */
export interface ZipDataTotals {
  storedBytes: number;
  contentBytes: number;
  crc32: number;
  sha256: string;
}

/** The data of a streamed entry, between local header and data descriptor. */
export interface ZipDataWriter {
  write(chunk: Uint8Array): Promise<void>;
  close(): Promise<ZipDataTotals>;
}

/**
 * Passes an entry's content on, counting and digesting it.
 * @param deflateLevel undefined: stored
 * @param sha256 the digest at the end, where the caller computes it
 */
export function openZipEntry(
  output: BatchedOutput,
  deflateLevel: number | undefined,
  sha256?: () => string,
): ZipDataWriter {
  const start = output.offsetBytes;
  const digest = createContentDigest(sha256);
  const body = deflateLevel === undefined ? output : deflatingInto(output, deflateLevel);
  let contentBytes = 0;
  let checksum = 0;
  return {
    async write(chunk) {
      contentBytes += chunk.length;
      checksum = crc32(chunk, checksum);
      digest.update(chunk);
      await body.write(chunk);
    },
    async close() {
      if ("end" in body) await body.end();
      const storedBytes = output.offsetBytes - start;
      return { storedBytes, contentBytes, crc32: checksum, sha256: digest.finish() };
    },
  };
}

function deflatingInto(
  output: BatchedOutput,
  level: number,
): { write(chunk: Uint8Array): Promise<void>; end(): Promise<void> } {
  const deflate = createDeflateRaw({ level, chunkSize: 128 * 1024 });
  // A stream whose reader failed calls back no write that waits for room, so the write is told here.
  let release: (() => void) | undefined;
  const pump = (async () => {
    try {
      for await (const piece of deflate) await output.write(piece as Buffer);
    } finally {
      release?.();
    }
  })();
  // Met by the write that waits, or the next one.
  pump.catch(() => {});
  return {
    async write(chunk) {
      const failed = await new Promise<Error | undefined>((resolve) => {
        release = () => resolve(new Error("deflate ended early"));
        deflate.write(chunk, (error) => resolve(error ?? undefined));
      });
      release = undefined;
      if (failed === undefined) return;
      await pump;
      throw failed;
    },
    async end() {
      deflate.end();
      await pump;
    },
  };
}
