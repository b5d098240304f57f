import {
  type Codec,
  decompressBlock,
  decompressLargeBlock,
  decompressStream,
  heldBlockBytes,
} from "../../archive/codec.ts";
import { freeMemory } from "../../free-memory.ts";
import { DamagedError } from "../../errors.ts";
import type { ManifestEntry } from "../../archive/manifest.ts";

/** How the bytes of an entry are to be taken. */
export interface ContentForm {
  codec: Codec;
  /** What the manifest says; undefined in an archive without one. */
  listed: ManifestEntry | undefined;
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
  { codec, listed }: ContentForm,
  { passesBy = false }: PlainContentOptions = {},
): AsyncGenerator<Buffer> {
  if (codec === "none") yield* content;
  else if (listed?.frames === undefined) yield* upTo(listed?.plainBytes, decompressStream(codec, content));
  else {
    const chunks = content[Symbol.asyncIterator]();
    try {
      let rest: Buffer = Buffer.alloc(0);
      for (const [storedBytes, plainBytes] of listed.frames) {
        const taken = await take(chunks, rest, storedBytes);
        rest = taken.subarray(storedBytes);
        const stored = taken.subarray(0, storedBytes);
        if (plainBytes > heldBlockBytes) {
          yield* decompressLargeBlock(codec, stored, plainBytes);
          continue;
        }
        const frame = await decompressBlock(codec, stored, plainBytes);
        yield frame;
        if (passesBy) freeMemory(frame);
      }
      for (let next = await chunks.next(); next.done !== true; next = await chunks.next());
    } finally {
      await chunks.return?.();
    }
  }
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
