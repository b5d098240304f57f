import { decompressBlock, decompressStream } from "../../archive/codec.ts";
import type { ArchiveReader } from "../../archive/reader.ts";
import { AppError, DamagedError } from "../../errors.ts";
import type { DataEntry } from "./archive-contents.ts";

/** Frames that are read and decompressed ahead of the one that is being used. */
const framesAhead = 3;

/**
 * The plain bytes of an entry: its content after its codec, every check of the reader and the codec included.
 * @throws DamagedError that names archive and entry
 */
export async function* readPlain(
  reader: ArchiveReader,
  entry: DataEntry,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  try {
    yield* decompressStream(entry.codec, reader.read(entry.name, signal === undefined ? {} : { signal }));
  } catch (error) {
    throw namedDamage(reader, entry, error);
  }
}

/**
 * The plain bytes of some frames of an entry, read at random and decompressed a few ahead.
 * @param from first frame, by its place in the manifest's list
 * @param to the frame after the last one
 */
export async function* readFrames(
  reader: ArchiveReader,
  entry: DataEntry,
  from: number,
  to: number,
): AsyncGenerator<Buffer> {
  const frames = entry.listed?.frames ?? [];
  let offsetBytes = 0;
  for (const [storedBytes] of frames.slice(0, from)) offsetBytes += storedBytes;
  const pending: Promise<Buffer>[] = [];
  const start = (index: number): void => {
    const [storedBytes, plainBytes] = frames[index]!;
    const at = offsetBytes;
    offsetBytes += storedBytes;
    const frame = (async () =>
      await decompressBlock(entry.codec, await reader.readRange(entry.name, at, storedBytes), plainBytes))();
    // Its error is met when its turn comes, or never when an earlier one failed.
    frame.catch(() => undefined);
    pending.push(frame);
  };
  let started = from;
  for (let index = from; index < to; index += 1) {
    while (started < to && started <= index + framesAhead) start(started++);
    try {
      yield await pending.shift()!;
    } catch (error) {
      throw namedDamage(reader, entry, error);
    }
  }
}

function namedDamage(reader: ArchiveReader, entry: DataEntry, error: unknown): unknown {
  if (!(error instanceof AppError) || error.message.includes(entry.name)) return error;
  return new DamagedError(error.code, `${reader.label}: entry ${entry.name}: ${error.message}`, { cause: error });
}
