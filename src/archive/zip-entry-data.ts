import { Readable, pipeline } from "node:stream";
import { crc32, createInflateRaw } from "node:zlib";
import type { ByteSource } from "../bytes.ts";
import { damagedError } from "./damage.ts";
import type { ZipEntry } from "./zip-directory.ts";
import { checkLocalHeader } from "./zip-local-check.ts";
import { localHeaderBytes } from "./zip-local-header.ts";

const readBytes = 1024 * 1024;
/** Room for extra fields in the first read. */
const extraGuessBytes = 64;

/** Where an entry's data begin, with as much of them as the same read gave. */
export interface ZipData {
  dataOffsetBytes: number;
  ahead: Buffer;
}

/**
 * Reads and checks an entry's local header.
 * @param directoryOffsetBytes where the central directory begins, the end of all data
 * @param aheadBytes how much of the data to read along
 * @throws DamagedError
 */
export async function openZipData(
  source: ByteSource,
  entry: ZipEntry,
  directoryOffsetBytes: number,
  aheadBytes: number,
): Promise<ZipData> {
  const { localOffsetBytes } = entry;
  const limitBytes = directoryOffsetBytes - localOffsetBytes - entry.storedBytes;
  const guess = localHeaderBytes + entry.nameBytes + extraGuessBytes;
  let bytes = await source.read(
    localOffsetBytes,
    Math.min(directoryOffsetBytes - localOffsetBytes, guess + Math.min(aheadBytes, entry.storedBytes)),
  );
  const claimed = localHeaderBytes + bytes.readUInt16LE(26) + bytes.readUInt16LE(28);
  if (claimed > bytes.length && claimed <= limitBytes) bytes = await source.read(localOffsetBytes, claimed);
  const { headerBytes, damages } = checkLocalHeader(bytes, entry, limitBytes);
  const [damage] = damages;
  if (damage !== undefined) throw damagedError(source.label, damage);
  if (headerBytes === undefined) throw new Error("a header without damage has a length");
  const ahead = bytes.subarray(headerBytes, headerBytes + entry.storedBytes);
  return { dataOffsetBytes: localOffsetBytes + headerBytes, ahead };
}

/**
 * The content of an entry; sizes and CRC-32 are checked as it flows, and an inflate bomb stops at the stated size.
 * @throws DamagedError at the latest after the last chunk
 */
export async function* readZipContent(
  source: ByteSource,
  entry: ZipEntry,
  directoryOffsetBytes: number,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  signal?.throwIfAborted();
  const data = await openZipData(source, entry, directoryOffsetBytes, readBytes);
  const damage = (what: string, expected: string, found: string, cause?: unknown): Error =>
    damagedError(source.label, { what, entry: entry.name, offsetBytes: data.dataOffsetBytes, expected, found }, cause);
  const stored = storedChunks(source, entry, data, signal);
  let contentBytes = 0;
  let checksum = 0;
  for await (const chunk of entry.method === "deflate" ? inflate(stored, entry, damage) : stored) {
    contentBytes += chunk.length;
    if (contentBytes > entry.contentBytes) {
      throw damage("content is larger than stated", `${entry.contentBytes} bytes`, "more");
    }
    checksum = crc32(chunk, checksum);
    yield chunk;
  }
  if (contentBytes !== entry.contentBytes) {
    throw damage("content is smaller than stated", `${entry.contentBytes} bytes`, `${contentBytes} bytes`);
  }
  if (checksum !== entry.crc32) {
    throw damage("CRC-32 differs", `0x${entry.crc32.toString(16)}`, `0x${checksum.toString(16)}`);
  }
}

async function* storedChunks(
  source: ByteSource,
  entry: ZipEntry,
  data: ZipData,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  let done = data.ahead.length;
  const read = (at: number): Promise<Buffer> | undefined => {
    if (at >= entry.storedBytes) return undefined;
    const next = source.read(data.dataOffsetBytes + at, Math.min(readBytes, entry.storedBytes - at));
    // Nobody waits for it when the consumer stops first.
    next.catch(() => {});
    return next;
  };
  let next = read(done);
  if (data.ahead.length > 0) yield data.ahead;
  while (next !== undefined) {
    signal?.throwIfAborted();
    const chunk = await next;
    done += chunk.length;
    next = read(done);
    yield chunk;
  }
}

async function* inflate(
  stored: AsyncIterable<Buffer>,
  entry: ZipEntry,
  damage: (what: string, expected: string, found: string, cause?: unknown) => Error,
): AsyncGenerator<Buffer> {
  const chunkSize = Math.max(1024, Math.min(256 * 1024, entry.contentBytes));
  const inflater = createInflateRaw({ chunkSize });
  pipeline(Readable.from(stored, { objectMode: true }), inflater, () => {});
  try {
    for await (const chunk of inflater) yield chunk as Buffer;
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (typeof code !== "string" || !code.startsWith("Z_")) throw error;
    throw damage("deflated data are broken", "a valid deflate stream", (error as Error).message, error);
  }
  if (inflater.bytesWritten !== entry.storedBytes) {
    throw damage("deflated data end early", `${entry.storedBytes} bytes`, `an end after ${inflater.bytesWritten}`);
  }
}
