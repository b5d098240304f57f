import type { Transform } from "node:stream";
import { constants, createGunzip, createZstdDecompress } from "node:zlib";
import { AppError, DamagedError, messageOf } from "../errors.ts";
import { type ZstdPiece, createZstdSplitter, windowLimitLog } from "./zstd-frames.ts";

const chunkSize = 256 * 1024;

/**
 * Decompresses zstd frames one after the other, each by a decoder of its own.
 * @throws DamagedError for broken or cut off frames, and whatever `content` throws
 */
export async function* unzstdStream(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const pieces = zstdPieces(content);
  const params = { [constants.ZSTD_d_windowLogMax]: windowLimitLog };
  try {
    for (let first = await pieces.next(); first.done !== true; first = await pieces.next()) {
      let last = first.value;
      let plainBytes = 0;
      const frame = frameOf(first.value, pieces, (piece) => (last = piece));
      for await (const chunk of runDecoder("zstd", createZstdDecompress({ chunkSize, params }), frame)) {
        plainBytes += chunk.length;
        yield chunk;
      }
      // Node's decoder compares it only when the whole frame comes in one chunk.
      if (last.contentBytes === undefined || last.contentBytes === plainBytes) continue;
      const found = `expected ${last.contentBytes} bytes, found ${plainBytes}`;
      throw new DamagedError("data-damaged", `zstd frame of another size: ${found}`);
    }
  } finally {
    await pieces.return(undefined);
  }
}

async function* zstdPieces(content: AsyncIterable<Buffer>): AsyncGenerator<ZstdPiece> {
  const splitter = createZstdSplitter();
  for await (const chunk of content) yield* splitter.push(chunk);
  splitter.finish();
}

/** The bytes of one frame; leaves `pieces` open at the next. @param onPiece called for each piece but the first */
async function* frameOf(
  first: ZstdPiece,
  pieces: AsyncGenerator<ZstdPiece>,
  onPiece: (piece: ZstdPiece) => void,
): AsyncGenerator<Buffer> {
  yield first.bytes;
  for (let piece = first; !piece.endsFrame;) {
    const next = await pieces.next();
    if (next.done === true) return;
    piece = next.value;
    onPiece(piece);
    yield piece.bytes;
  }
}

/**
 * Decompresses gzip members one after the other (RFC 1952, 2.2).
 * @throws DamagedError for broken or cut off members and for anything after the last one, and whatever `content` throws
 */
export async function* gunzipStream(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let fedBytes = 0;
  const counted = (async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of content) {
      fedBytes += chunk.length;
      if (chunk.length > 0) yield chunk;
    }
  })();
  try {
    // No member at all is no damage, as with zstd; Node's decoder would miss one.
    const first = await counted.next();
    if (first.done === true) return;
    const decoder = createGunzip({ chunkSize });
    yield* runDecoder("gzip", decoder, prepended(first.value, counted));
    if (decoder.bytesWritten === fedBytes) return;
    const found = `expected ${decoder.bytesWritten} bytes, found ${fedBytes}`;
    throw new DamagedError("data-damaged", `bytes after the last gzip member: ${found}`);
  } finally {
    await counted.return(undefined);
  }
}

async function* prepended(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}

async function* runDecoder(codec: string, decoder: Transform, input: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const feeding = feed(decoder, input);
  // Its failure also destroys the decoder, which is where it is met.
  feeding.catch(() => {});
  // What comes behind the end may be broken, too, when nobody listens for it any more.
  let failure: Error | undefined;
  decoder.on("error", (error: Error) => (failure ??= error));
  try {
    for await (const chunk of decoder) yield chunk as Buffer;
    await feeding;
    if (failure !== undefined) throw failure;
  } catch (error) {
    const code = String((error as { code?: unknown }).code);
    if (error instanceof AppError || !/^(Z_|ZSTD_)/.test(code)) throw error;
    const message = `${codec} data are broken: expected valid data, found ${messageOf(error)}`;
    throw new DamagedError("data-damaged", message, { cause: error });
  } finally {
    decoder.destroy();
  }
}

async function feed(decoder: Transform, input: AsyncIterable<Buffer>): Promise<void> {
  // A decoder that is destroyed calls back no write that waits for room.
  let release: (() => void) | undefined;
  decoder.once("close", () => release?.());
  try {
    for await (const chunk of input) {
      // A decoder that met its end takes nothing any more; how much it took is compared afterwards.
      if (decoder.readableEnded || decoder.destroyed) continue;
      await new Promise<void>((resolve, reject) => {
        release = resolve;
        decoder.write(chunk, (error) => (error ? reject(error) : resolve()));
      });
    }
    decoder.end();
  } catch (error) {
    decoder.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}
