import { type Codec, decompressBlock, decompressStream } from "../../archive/codec.ts";
import { freeMemory } from "../../free-memory.ts";
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
  else if (listed?.frames === undefined) yield* decompressStream(codec, content);
  else {
    const stored = content[Symbol.asyncIterator]();
    try {
      let rest: Buffer = Buffer.alloc(0);
      for (const [storedBytes, plainBytes] of listed.frames) {
        const taken = await take(stored, rest, storedBytes);
        rest = taken.subarray(storedBytes);
        const frame = await decompressBlock(codec, taken.subarray(0, storedBytes), plainBytes);
        yield frame;
        if (passesBy) freeMemory(frame);
      }
      for (let next = await stored.next(); next.done !== true; next = await stored.next());
    } finally {
      await stored.return?.();
    }
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
