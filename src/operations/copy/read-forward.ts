import type { Readable } from "node:stream";
import type { ByteSource } from "../../bytes.ts";
import { AppError, messageOf } from "../../errors.ts";

const blockBytes = 4 * 1024 * 1024;

/**
 * A source from beginning to end, the next block read while one is used.
 * @param fromBytes where it begins instead
 * @param endBytes where it ends instead, behind the last byte
 */
export async function* readForward(
  source: ByteSource,
  fromBytes = 0,
  endBytes = source.sizeBytes,
): AsyncGenerator<Buffer> {
  const read = (at: number): Promise<Buffer> | undefined => {
    if (at >= endBytes) return undefined;
    const block = source.read(at, Math.min(blockBytes, endBytes - at));
    // Whoever asks for it is told; nobody may any more.
    block.catch(() => undefined);
    return block;
  };
  let next = read(fromBytes);
  for (let at = fromBytes + blockBytes; next !== undefined; at += blockBytes) {
    const block: Buffer = await next;
    next = read(at);
    yield block;
  }
}

/** All of a stream such as stdin. @throws AppError read-failed */
export async function* readStream(stream: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stream as AsyncIterable<Buffer | string>)
      yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError("read-failed", `cannot read stdin: ${messageOf(error)}`, { cause: error });
  }
}
