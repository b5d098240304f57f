import { Readable, pipeline } from "node:stream";
import { constants, createGunzip, createInflateRaw } from "node:zlib";
import { DamagedError, messageOf } from "../../errors.ts";

/** What stands in the decoder's buffer when it meets the damage is gone, so the buffer is small. */
const chunkSize = 16 * 1024;

/**
 * Decompresses as much as there is: an end that is missing is no error.
 * @param kind a ZIP's deflate, or members of gzip
 * @throws DamagedError behind the last bytes that came, for what is broken; whatever `stored` throws
 */
export async function* inflateAsFar(kind: "deflate" | "gzip", stored: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const options = { chunkSize, finishFlush: constants.Z_SYNC_FLUSH };
  const decoder = kind === "gzip" ? createGunzip(options) : createInflateRaw(options);
  pipeline(Readable.from(stored, { objectMode: true }), decoder, () => {});
  try {
    for await (const chunk of decoder) yield chunk as Buffer;
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (typeof code !== "string" || !code.startsWith("Z_")) throw error;
    throw new DamagedError("data-damaged", `compressed data are broken: ${messageOf(error)}`, { cause: error });
  }
}
