import { availableParallelism } from "node:os";
import {
  type ZlibOptions,
  type ZstdOptions,
  constants,
  gunzip,
  gzip,
  gzipSync,
  zstdCompress,
  zstdCompressSync,
  zstdDecompress,
} from "node:zlib";
import { AppError, DamagedError } from "../errors.ts";
import { CallLimit } from "./call-limit.ts";
import { gunzipStream, unzstdStream } from "./decompress-stream.ts";
import { createZstdSplitter, windowLimitLog } from "./zstd-frames.ts";

/** How an entry's content is compressed, besides what ZIP does. */
export type Codec = "none" | "zstd" | "gzip";

/** Level when none is asked for: zstd 1 beats 3 on hex EWKB in speed and ratio. */
const defaultLevel = { zstd: 1, gzip: 6 } as const;
/** No row of PostgreSQL gives more COPY text; larger blocks are a lie. */
const largestBlockBytes = 2 ** 31 - 1;
/** Blocks are some MiB, unless a row is larger: those above this are not held whole, so that no archive takes more memory. */
export const heldBlockBytes = 64 * 1024 * 1024;

/** Room for what is compressed is taken in pieces of about half a block: less memory and faster than Node's 16 KiB. */
function chunkSizeFor(bytes: number): number {
  return Math.max(4096, Math.min(4 * 1024 * 1024, Math.ceil(bytes / 2) + 1024));
}

/** One byte more than will come: exactly full, Node would take a second buffer. */
function plainChunkSize(plainBytes: number): number {
  return Math.max(4096, Math.min(64 * 1024 * 1024, plainBytes + 1));
}

/**
 * Compresses a block on libuv's pool into one zstd frame (with content size and checksum) or one gzip member.
 * @param level undefined: 1 for zstd, 6 for gzip
 * @param block must not change until it resolves; with `none` the result shares its memory
 */
export async function compressBlock(codec: Codec, level: number | undefined, block: Uint8Array): Promise<Buffer> {
  if (codec === "none") return Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  if (codec === "gzip") return await call<ZlibOptions>(gzip, block, gzipOptions(level, block.length));
  return await call<ZstdOptions>(zstdCompress, block, zstdOptions(level, block.length));
}

/**
 * The same at once, on this thread: up to some tens of KiB a call on libuv's pool costs more than the compression (77 us of
 * processor time for 2 KB, 21 us here).
 */
export function compressSmallBlock(codec: Codec, level: number | undefined, block: Uint8Array): Buffer {
  if (codec === "none") return Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  if (codec === "gzip") return gzipSync(block, gzipOptions(level, block.length));
  return zstdCompressSync(block, zstdOptions(level, block.length));
}

function gzipOptions(level: number | undefined, bytes: number): ZlibOptions {
  return { level: level ?? defaultLevel.gzip, chunkSize: chunkSizeFor(bytes) };
}

function zstdOptions(level: number | undefined, bytes: number): ZstdOptions {
  return {
    chunkSize: chunkSizeFor(bytes),
    pledgedSrcSize: bytes,
    params: {
      [constants.ZSTD_c_compressionLevel]: level ?? defaultLevel.zstd,
      [constants.ZSTD_c_contentSizeFlag]: 1,
      [constants.ZSTD_c_checksumFlag]: 1,
    },
  };
}

/**
 * Decompresses what {@link compressBlock} made: exactly one frame or member, of exactly `plainBytes`. The result is held
 * whole, in memory of its own unless the codec is `none`; take {@link decompressStream} for what may be too large for that.
 * @throws DamagedError, which does not know the entry's name: the caller adds it
 */
export async function decompressBlock(codec: Codec, stored: Uint8Array, plainBytes: number): Promise<Buffer> {
  if (!(plainBytes >= 0 && plainBytes <= largestBlockBytes)) {
    throw differs("block is too large", `at most ${largestBlockBytes} bytes`, `${plainBytes} bytes`);
  }
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  const plain = codec === "none" ? bytes : await inflateBlock(codec, bytes, plainBytes);
  if (plain.length !== plainBytes)
    throw differs("block of another size", `${plainBytes} bytes`, `${plain.length} bytes`);
  return plain;
}

/**
 * The same in pieces, for a block that may be too large to be held: a few bytes of zstd can say gigabytes.
 * @throws DamagedError as {@link decompressBlock} does, at the latest after the last piece
 */
export async function* decompressLargeBlock(
  codec: Codec,
  stored: Uint8Array,
  plainBytes: number,
): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  if (codec === "zstd") checkSingleFrame(bytes, plainBytes);
  let given = 0;
  for await (const piece of decompressStream(codec, oneChunk(bytes))) {
    given += piece.length;
    if (given > plainBytes) throw differs("block of another size", `${plainBytes} bytes`, "more");
    yield piece;
  }
  if (given !== plainBytes) throw differs("block of another size", `${plainBytes} bytes`, `${given} bytes`);
}

async function* oneChunk(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

async function inflateBlock(codec: "zstd" | "gzip", stored: Buffer, plainBytes: number): Promise<Buffer> {
  const limits = { chunkSize: plainChunkSize(plainBytes), maxOutputLength: Math.max(1, plainBytes) };
  try {
    if (codec === "zstd") {
      checkSingleFrame(stored, plainBytes);
      const params = { [constants.ZSTD_d_windowLogMax]: windowLimitLog };
      return await call<ZstdOptions>(zstdDecompress, stored, { ...limits, params });
    }
    return await gunzipMember(stored, limits);
  } catch (error) {
    if (error instanceof AppError) throw error;
    if ((error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE") {
      throw differs("block of another size", `${plainBytes} bytes`, "more");
    }
    throw new DamagedError(
      "data-damaged",
      `${codec} data are broken: expected ${plainBytes} valid bytes, found ${
        error instanceof Error ? error.message : String(error)
      }`,
      { cause: error },
    );
  }
}

function checkSingleFrame(stored: Buffer, plainBytes: number): void {
  const splitter = createZstdSplitter();
  const pieces = splitter.push(stored);
  splitter.finish();
  if (pieces.length !== 1) throw differs("zstd block", "one frame", `${pieces.length} frames`);
  const { contentBytes } = splitter.header ?? { contentBytes: 0 };
  if (contentBytes !== undefined && contentBytes !== plainBytes) {
    throw differs("block of another size", `${plainBytes} bytes`, `a frame of ${contentBytes} bytes`);
  }
}

async function gunzipMember(stored: Buffer, limits: ZlibOptions): Promise<Buffer> {
  // `info` gives the engine along, which knows how much it took: zeros after a member are ignored otherwise.
  const result = await call<ZlibOptions>(gunzip, stored, { ...limits, info: true });
  const { buffer, engine } = result as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
  if (engine.bytesWritten !== stored.length) {
    throw differs("bytes after a gzip member", `${stored.length} bytes used`, String(engine.bytesWritten));
  }
  return buffer;
}

/**
 * Decompresses content of any number of frames or members, in bounded memory.
 * @throws DamagedError for broken or cut off data, and whatever `content` throws
 */
export function decompressStream(codec: Codec, content: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  if (codec === "none") return content;
  return codec === "zstd" ? unzstdStream(content) : gunzipStream(content);
}

function differs(what: string, expected: string, found: string): DamagedError {
  return new DamagedError("data-damaged", `${what}: expected ${expected}, found ${found}`);
}

type ZlibCall<Options> = (
  bytes: Uint8Array,
  options: Options,
  callback: (error: Error | null, result: NonSharedBuffer) => void,
) => void;

/**
 * As many as there are cores: a call holds its context and its output even while it waits for a thread of libuv's pool,
 * and a pool that is full of them keeps the archive's writes waiting.
 */
const zlibCalls = new CallLimit(Math.max(2, availableParallelism()));

async function call<Options>(work: ZlibCall<Options>, bytes: Uint8Array, options: Options): Promise<Buffer> {
  return await zlibCalls.run(
    () =>
      new Promise<Buffer>((resolve, reject) => {
        work(bytes, options, (error, result) => (error === null ? resolve(result) : reject(error)));
      }),
  );
}
