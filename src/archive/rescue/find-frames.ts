import { crc32, inflateRawSync } from "node:zlib";
import { DamagedError } from "../../errors.ts";
import { decompressBlock } from "../codec.ts";
import { createZstdSplitter } from "../zstd-frames.ts";

/** A frame or member that was found whole: its own checksum agrees. */
export interface FoundFrame {
  offsetBytes: number;
  storedBytes: number;
  plain: Buffer;
}

/** Gives bytes of an entry; fewer where it ends. */
export type ReadBytes = (offsetBytes: number, lengthBytes: number) => Promise<Buffer>;

const searchBytes = 1024 * 1024;
const largestFrameBytes = 1024 * 1024 * 1024;
/** Smallest there can be: header, one empty block. */
const smallestFrameBytes = 9;

const magics = { zstd: Buffer.of(0x28, 0xb5, 0x2f, 0xfd), gzip: Buffer.of(0x1f, 0x8b, 0x08) } as const;

/**
 * Finds the frames or members that are whole, in order, where nothing tells where they begin or what tells is no use: what
 * lies between two of them is damaged. Frames without a checksum, or of unknown size, are not ours and not believed.
 */
export async function* findFrames(
  codec: "zstd" | "gzip",
  read: ReadBytes,
  toBytes: number,
): AsyncGenerator<FoundFrame> {
  const frameAt = codec === "zstd" ? zstdFrameAt : gzipMemberAt;
  let at = 0;
  while (at + smallestFrameBytes <= toBytes) {
    const found = await frameAt(read, at, toBytes);
    if (found !== undefined) {
      yield found;
      at += found.storedBytes;
      continue;
    }
    const next = await findMagic(magics[codec], read, at + 1, toBytes);
    if (next === undefined) return;
    at = next;
  }
}

async function findMagic(magic: Buffer, read: ReadBytes, from: number, to: number): Promise<number | undefined> {
  for (let at = from; at < to; at += searchBytes) {
    const bytes = await read(at, Math.min(searchBytes + magic.length - 1, to - at));
    const index = bytes.indexOf(magic);
    if (index !== -1) return at + index;
  }
  return undefined;
}

async function zstdFrameAt(read: ReadBytes, at: number, to: number): Promise<FoundFrame | undefined> {
  const splitter = createZstdSplitter();
  const parts: Buffer[] = [];
  let storedBytes = 0;
  try {
    for (let isWhole = false; !isWhole;) {
      const chunk = await read(at + storedBytes, Math.min(searchBytes, to - at - storedBytes));
      const { value } = splitter.pieces(chunk).next();
      if (value === undefined || storedBytes > largestFrameBytes) return undefined;
      parts.push(value.bytes);
      storedBytes += value.bytes.length;
      isWhole = value.endsFrame;
    }
    const stored = Buffer.concat(parts);
    const hasChecksum = ((stored[4] ?? 0) & 4) !== 0;
    const plainBytes = splitter.header?.contentBytes;
    if (!hasChecksum || plainBytes === undefined || plainBytes > largestFrameBytes) return undefined;
    return { offsetBytes: at, storedBytes, plain: await decompressBlock("zstd", stored, plainBytes) };
  } catch (error) {
    if (error instanceof DamagedError) return undefined;
    throw error;
  }
}

/** RFC 1952, 2.3: a header without optional fields, as ours have it, deflated data, CRC-32 and size. */
const gzipHeaderBytes = 10;
const gzipTrailerBytes = 8;

async function gzipMemberAt(read: ReadBytes, at: number, to: number): Promise<FoundFrame | undefined> {
  for (let length = searchBytes; ; length *= 4) {
    const bytes = await read(at, Math.min(length, to - at));
    if (!bytes.subarray(0, 3).equals(magics.gzip) || bytes[3] !== 0) return undefined;
    try {
      const deflated = bytes.subarray(gzipHeaderBytes);
      const options = { info: true, maxOutputLength: largestFrameBytes };
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `info` gives the engine, which knows how much it took
      const result = inflateRawSync(deflated, options) as unknown as {
        buffer: Buffer;
        engine: { bytesWritten: number };
      };
      const end = gzipHeaderBytes + result.engine.bytesWritten;
      if (end + gzipTrailerBytes <= bytes.length) {
        const plain = result.buffer;
        const agrees =
          bytes.readUInt32LE(end) === crc32(plain) && bytes.readUInt32LE(end + 4) === plain.length % 2 ** 32;
        return agrees ? { offsetBytes: at, storedBytes: end + gzipTrailerBytes, plain } : undefined;
      }
    } catch (error) {
      // Another error than that of an early end does not go away with more bytes.
      if ((error as { code?: unknown }).code !== "Z_BUF_ERROR") return undefined;
    }
    if (length >= to - at || length >= largestFrameBytes / 4) return undefined;
  }
}
