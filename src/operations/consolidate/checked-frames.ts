import { decompressBlock } from "../../archive/codec.ts";
import type { ManifestEntry } from "../../archive/manifest.ts";
import { DamagedError } from "../../errors.ts";
import type { ArchiveContents } from "../contents/archive-contents.ts";
import { namedDamage } from "../contents/named-damage.ts";
import { frameCheck } from "../contents/plain-content.ts";

/** Frames that are read and decompressed ahead of the one that is being used. */
const framesAhead = 3;

/** A frame as it stands, and what it holds. */
export interface CheckedFrame {
  stored: Buffer;
  plain: Buffer;
  rows: number;
}

/**
 * The frames of an entry in order, read from wherever they stand and held against their sizes and, where the manifest has them,
 * their digests.
 * @throws DamagedError that names archive and entry
 */
export async function* checkedFrames(
  { reader, manifest }: ArchiveContents,
  listed: ManifestEntry,
  signal: AbortSignal,
): AsyncGenerator<CheckedFrame> {
  const { codec, frames, name } = listed;
  if (frames === undefined)
    throw new DamagedError("archive-damaged", `${reader.label}: entry ${name}: expected a list of frames, found none`);
  const check = frameCheck({ codec, listed, blockDigest: manifest?.header.blockDigest });
  let offsetBytes = 0;
  const start = async (index: number): Promise<CheckedFrame> => {
    const [storedBytes, plainBytes, rows] = frames[index]!;
    const at = offsetBytes;
    offsetBytes += storedBytes;
    const stored = await reader.readRange(name, at, storedBytes);
    const plain = await decompressBlock(codec, stored, plainBytes);
    check.whole(index, plain);
    return { stored, plain, rows };
  };
  const pending: Promise<CheckedFrame>[] = [];
  let started = 0;
  for (let index = 0; index < frames.length; index += 1) {
    signal.throwIfAborted();
    while (started < frames.length && started <= index + framesAhead) {
      const next = start(started++);
      // Its error is met when its turn comes, or never when an earlier one failed.
      next.catch(() => undefined);
      pending.push(next);
    }
    try {
      yield await pending.shift()!;
    } catch (error) {
      throw namedDamage(reader.label, name, error);
    }
  }
}
