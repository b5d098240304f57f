import { decompressBlock, decompressLargeBlock, heldBlockBytes } from "../../archive/codec.ts";
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
  /** Undefined for one that is too large to be held beside others: it was checked in pieces. */
  plain: Buffer | undefined;
  plainBytes: number;
  rows: number;
}

/**
 * The frames of an entry in order, read from wherever they stand and held against their sizes and, where the manifest has them,
 * their digests.
 * @throws DamagedError that names archive and entry
 */
export async function* checkedFrames(
  { reader, manifest }: Pick<ArchiveContents, "reader" | "manifest">,
  listed: ManifestEntry,
  signal: AbortSignal,
): AsyncGenerator<CheckedFrame> {
  const { codec, frames, name } = listed;
  if (frames === undefined)
    throw new DamagedError("archive-damaged", `${reader.label}: entry ${name}: expected a list of frames, found none`);
  const check = frameCheck({ codec, listed, blockDigest: manifest?.header.blockDigest });
  let offsetBytes = 0;
  const pending: (Promise<CheckedFrame> | (() => Promise<CheckedFrame>))[] = [];
  const start = (index: number): void => {
    const [storedBytes, plainBytes, rows] = frames[index]!;
    const at = offsetBytes;
    offsetBytes += storedBytes;
    if (plainBytes > heldBlockBytes) {
      // Not ahead, and in pieces.
      pending.push(async () => {
        const stored = await reader.readRange(name, at, storedBytes);
        const pieces = check.pieces(index, decompressLargeBlock(codec, stored, plainBytes));
        for await (const _piece of pieces) signal.throwIfAborted();
        return { stored, plain: undefined, plainBytes, rows };
      });
      return;
    }
    const frame = (async () => {
      const stored = await reader.readRange(name, at, storedBytes);
      const plain = await decompressBlock(codec, stored, plainBytes);
      check.whole(index, plain);
      return { stored, plain, plainBytes, rows };
    })();
    // Its error is met when its turn comes, or never when an earlier one failed.
    frame.catch(() => undefined);
    pending.push(frame);
  };
  let started = 0;
  for (let index = 0; index < frames.length; index += 1) {
    signal.throwIfAborted();
    while (started < frames.length && started <= index + framesAhead) start(started++);
    try {
      const next = pending.shift()!;
      yield await (typeof next === "function" ? next() : next);
    } catch (error) {
      throw namedDamage(reader.label, name, error);
    }
  }
}
