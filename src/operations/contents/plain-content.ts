import {
  type Codec,
  decompressBlock,
  decompressLargeBlock,
  decompressStream,
  heldBlockBytes,
} from "../../archive/codec.ts";
import { type BlockDigestRule, BlockDigest, digestAt } from "../../archive/block-digest.ts";
import { freeMemory } from "../../free-memory.ts";
import { DamagedError } from "../../errors.ts";
import type { ManifestEntry } from "../../archive/manifest.ts";

/** How the bytes of an entry are to be taken. */
export interface ContentForm {
  codec: Codec;
  /** What the manifest says; undefined in an archive without one. */
  listed: ManifestEntry | undefined;
  /** How frames were digested, where the manifest has their digests. */
  blockDigest?: BlockDigestRule | undefined;
}

/** What a reader of {@link plainContent} promises. */
export interface PlainContentOptions {
  /** Each chunk is done with before the next is asked for, and never kept: its memory is given back then. */
  passesBy?: boolean;
}

/**
 * An entry's content after its codec; by the manifest's frames where it lists them, so that each frame's size is checked as
 * well. The content is read to its end, for checks of who gave it.
 * @param content as it stands in the archive; with a codec its chunks must stay as they are
 * @throws DamagedError, which does not know the entry's name, and whatever `content` throws
 */
export async function* plainContent(
  content: AsyncIterable<Buffer>,
  form: ContentForm,
  { passesBy = false }: PlainContentOptions = {},
): AsyncGenerator<Buffer> {
  const { codec, listed } = form;
  if (codec === "none") yield* content;
  else if (listed?.frames === undefined) yield* upTo(listed?.plainBytes, decompressStream(codec, content));
  else {
    const chunks = content[Symbol.asyncIterator]();
    const check = frameCheck(form);
    let index = 0;
    try {
      let rest: Buffer = Buffer.alloc(0);
      for (const [storedBytes, plainBytes] of listed.frames) {
        const taken = await take(chunks, rest, storedBytes);
        rest = taken.subarray(storedBytes);
        const stored = taken.subarray(0, storedBytes);
        const frame = index++;
        if (plainBytes > heldBlockBytes) {
          yield* check.pieces(frame, decompressLargeBlock(codec, stored, plainBytes));
          continue;
        }
        const plain = await decompressBlock(codec, stored, plainBytes);
        check.whole(frame, plain);
        yield plain;
        if (passesBy) freeMemory(plain);
      }
      for (let next = await chunks.next(); next.done !== true; next = await chunks.next());
    } finally {
      await chunks.return?.();
    }
  }
}

/** Compares plain frames with their digests. */
export interface FrameCheck {
  /** @throws DamagedError, which does not know the entry's name */
  whole(frame: number, plain: Uint8Array): void;
  /** Hands pieces on; what is wrong is told after the last one. @throws as `whole` */
  pieces(frame: number, plain: AsyncIterable<Buffer>): AsyncIterable<Buffer>;
}

/** The check of an entry's frames; of those without digests everything passes. */
export function frameCheck({ listed, blockDigest }: ContentForm): FrameCheck {
  if (listed?.digests === undefined || blockDigest === undefined) return { whole() {}, pieces: (_, plain) => plain };
  const digests = Buffer.from(listed.digests, "base64");
  const digest = new BlockDigest(blockDigest);
  const compare = (frame: number, found: Buffer): void => {
    const expected = digestAt(digests, frame);
    if (found.equals(expected)) return;
    throw new DamagedError(
      "data-damaged",
      `digest of frame ${frame}: expected ${expected.toString("hex")}, found ${found.toString("hex")}`,
    );
  };
  return {
    whole: (frame, plain) => compare(frame, digest.of(plain)),
    async *pieces(frame, plain) {
      const running = digest.begin();
      for await (const piece of plain) {
        running.update(piece);
        yield piece;
      }
      compare(frame, running.finish());
    },
  };
}

/** Stops at the size that the manifest states: a few KiB of zstd may go on for terabytes. */
async function* upTo(statedBytes: number | undefined, plain: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of plain) {
    bytes += chunk.length;
    if (statedBytes !== undefined && bytes > statedBytes) {
      throw new DamagedError(
        "data-damaged",
        `plain content is larger than stated: expected ${statedBytes} bytes, found more`,
      );
    }
    yield chunk;
  }
}

/** As many bytes as wanted, or a few more, or what is left of the content. */
async function take(content: AsyncIterator<Buffer>, rest: Buffer, wantedBytes: number): Promise<Buffer> {
  const parts = [rest];
  let have = rest.length;
  while (have < wantedBytes) {
    const next = await content.next();
    if (next.done === true) break;
    parts.push(next.value);
    have += next.value.length;
  }
  return parts.length === 1 ? rest : Buffer.concat(parts);
}
