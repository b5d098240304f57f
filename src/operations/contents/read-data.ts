import { decompressBlock, decompressLargeBlock, heldBlockBytes } from "../../archive/codec.ts";
import type { ArchiveReader } from "../../archive/reader.ts";
import { freeMemory } from "../../free-memory.ts";
import type { DataEntry } from "./archive-contents.ts";
import { namedDamage } from "./named-damage.ts";
import { frameCheck, plainContent } from "./plain-content.ts";

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
    yield* plainContent(reader.read(entry.name, signal === undefined ? {} : { signal }), entry);
  } catch (error) {
    throw namedDamage(reader.label, entry.name, error);
  }
}

/**
 * The plain bytes of some frames of an entry, read at random and decompressed a few ahead, very large ones in pieces; each stands
 * in memory of its own, which the receiver may give back.
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
  const check = frameCheck(entry);
  let offsetBytes = 0;
  for (const [storedBytes] of frames.slice(0, from)) offsetBytes += storedBytes;
  const pending: (Promise<Buffer> | (() => AsyncIterable<Buffer>))[] = [];
  const start = (index: number): void => {
    const [storedBytes, plainBytes] = frames[index]!;
    const at = offsetBytes;
    offsetBytes += storedBytes;
    if (plainBytes > heldBlockBytes) {
      // Not ahead, and in pieces.
      pending.push(() => check.pieces(index, readLargeFrame(reader, entry, { at, storedBytes, plainBytes })));
      return;
    }
    const frame = (async () => {
      const stored = await reader.readRange(entry.name, at, storedBytes);
      const plain = await decompressBlock(entry.codec, stored, plainBytes);
      check.whole(index, plain);
      freeMemory(stored);
      return plain;
    })();
    // Its error is met when its turn comes, or never when an earlier one failed.
    frame.catch(() => undefined);
    pending.push(frame);
  };
  let started = from;
  for (let index = from; index < to; index += 1) {
    while (started < to && started <= index + framesAhead) start(started++);
    try {
      const next = pending.shift()!;
      if (typeof next === "function") yield* next();
      else yield await next;
    } catch (error) {
      throw namedDamage(reader.label, entry.name, error);
    }
  }
}

async function* readLargeFrame(
  reader: ArchiveReader,
  entry: DataEntry,
  { at, storedBytes, plainBytes }: { at: number; storedBytes: number; plainBytes: number },
): AsyncGenerator<Buffer> {
  const stored = await reader.readRange(entry.name, at, storedBytes);
  yield* decompressLargeBlock(entry.codec, stored, plainBytes);
}
