import type { ByteSource } from "../bytes.ts";
import { DamagedError } from "../errors.ts";
import { chunkBytes, chunkCount, payloadNonceBytes, plainSizeOf, sealedChunkBytes } from "./age-format.ts";
import { payloadKeyOf, readHeader } from "./header.ts";
import type { AgeIdentities } from "./identities.ts";
import { chunkRange, copyOverlap, openChunks, type Payload } from "./payload.ts";

/** Small reads stand next to each other: so many chunks, 1 MiB, are kept open for them. */
const keptChunks = 16;

/** How an age file is opened. */
export interface OpenOptions {
  /** For a rescue: a file that was cut off, or whose last chunk is damaged, is opened as far as its whole chunks go. */
  asFarAsItGoes?: boolean;
}

/**
 * Opens an age file: a source of what is inside, at random, several reads at once. Each chunk that a read touches is checked whole.
 * The last one is looked at here, so that a file that was cut off is known at once. The new source closes the old one;
 * when this throws, the old one is still the caller's.
 * @throws RefusedError no-identity (exit 4) when it is encrypted for others
 * @throws DamagedError header-damaged, payload-damaged, chunk-damaged, from `read` too
 */
export async function openAgeSource(
  source: ByteSource,
  identities: AgeIdentities,
  options: OpenOptions = {},
): Promise<ByteSource> {
  const { sizeBytes, fileKey } = await readHeader(source, identities);
  const key = payloadKeyOf(fileKey, await source.read(sizeBytes, payloadNonceBytes));
  const offsetBytes = sizeBytes + payloadNonceBytes;
  try {
    return await openPayload(source, offsetBytes, key);
  } catch (error) {
    if (options.asFarAsItGoes !== true || !(error instanceof DamagedError)) throw error;
    const whole = Math.floor((source.sizeBytes - offsetBytes) / sealedChunkBytes);
    const plainBytes = whole * chunkBytes;
    const payload: Payload = { label: source.label, offsetBytes, plainBytes, key, isCut: true };
    return payloadSource(source, payload, new ChunkCache(source, payload));
  }
}

async function openPayload(source: ByteSource, offsetBytes: number, key: Uint8Array): Promise<ByteSource> {
  const { label } = source;
  const plainBytes = plainSizeOf(source.sizeBytes - offsetBytes);
  if (plainBytes === undefined) {
    const found = `${source.sizeBytes} bytes`;
    throw new DamagedError(
      "payload-damaged",
      `${label}: the file was cut off or lengthened at offset ${source.sizeBytes}: expected a size that an encrypted file can have, found ${found}`,
    );
  }
  const payload: Payload = { label, offsetBytes, plainBytes, key };
  const chunks = new ChunkCache(source, payload);
  const last = chunkCount(plainBytes) - 1;
  await chunks.get(last);
  return payloadSource(source, payload, chunks);
}

function payloadSource(source: ByteSource, payload: Payload, chunks: ChunkCache): ByteSource {
  const { label, offsetBytes, plainBytes, key } = payload;
  return {
    label,
    sizeBytes: plainBytes,
    ...(payload.isCut === true ? {} : { sealed: { stored: source, payloadOffsetBytes: offsetBytes, payloadKey: key } }),
    async read(from, length) {
      const inside = from >= 0 && length >= 0 && from + length <= plainBytes;
      if (!inside) throw new RangeError(`${label}: read of ${length} at ${from}, of ${plainBytes} bytes`);
      const target = Buffer.allocUnsafeSlow(length);
      if (length > 0) await readInto(source, payload, chunks, target, from);
      return target;
    },
    close: () => source.close(),
  };
}

async function readInto(
  source: ByteSource,
  payload: Payload,
  chunks: ChunkCache,
  target: Buffer,
  from: number,
): Promise<void> {
  let first = Math.floor(from / chunkBytes);
  const last = Math.floor((from + target.length - 1) / chunkBytes);
  // What the read before has left over.
  for (; first <= last; first += 1) {
    const kept = chunks.kept(first);
    if (kept === undefined) break;
    copyOverlap({ offsetBytes: first * chunkBytes, plain: await kept }, target, from);
  }
  if (first > last) return;
  if (first === last) {
    copyOverlap({ offsetBytes: first * chunkBytes, plain: await chunks.get(first) }, target, from);
    return;
  }
  const range = chunkRange(payload, first, last);
  const sealed = await source.read(range.offsetBytes, range.lengthBytes);
  for (const chunk of openChunks(payload, range, sealed)) {
    copyOverlap(chunk, target, from);
    if (chunk.index === last) chunks.keep(last, Promise.resolve(chunk.plain));
  }
}

/** Opened chunks, those used last. */
class ChunkCache {
  readonly #source: ByteSource;
  readonly #payload: Payload;
  readonly #chunks = new Map<number, Promise<Buffer>>();

  constructor(source: ByteSource, payload: Payload) {
    this.#source = source;
    this.#payload = payload;
  }

  kept(index: number): Promise<Buffer> | undefined {
    return this.#chunks.get(index);
  }

  keep(index: number, chunk: Promise<Buffer>): void {
    this.#chunks.delete(index);
    this.#chunks.set(index, chunk);
    for (const oldest of this.#chunks.keys()) {
      if (this.#chunks.size <= keptChunks) break;
      this.#chunks.delete(oldest);
    }
  }

  get(index: number): Promise<Buffer> {
    const chunk = this.#chunks.get(index) ?? this.#read(index);
    this.keep(index, chunk);
    return chunk;
  }

  async #read(index: number): Promise<Buffer> {
    try {
      const range = chunkRange(this.#payload, index, index);
      const sealed = await this.#source.read(range.offsetBytes, range.lengthBytes);
      for (const { plain } of openChunks(this.#payload, range, sealed)) return plain;
      throw new Error("a chunk has bytes");
    } catch (error) {
      // A read that failed may be tried again.
      this.#chunks.delete(index);
      throw error;
    }
  }
}
