import { createHash } from "node:crypto";
import type { Damage } from "../../archive/damage.ts";
import { decompressBlock, decompressStream } from "../../archive/codec.ts";
import type { ManifestEntry } from "../../archive/manifest.ts";
import type { ArchiveEntry } from "../../archive/reader.ts";
import type { Codec } from "../../archive/codec.ts";
import { RowCounter } from "./row-counter.ts";

/** An entry to be checked, and what is said about it. */
export interface EntryCheck {
  entry: ArchiveEntry;
  /** What the manifest says; undefined in an archive without one. */
  listed: ManifestEntry | undefined;
  codec: Codec;
  isTable: boolean;
}

/**
 * Reads an entry to its end and compares it with what the manifest says.
 * @param content of the entry, whose CRC and sizes the reader checks as it flows
 * @returns what differs
 * @throws DamagedError for what the reader or the codec finds
 */
export async function checkEntry(check: EntryCheck, content: AsyncIterable<Buffer>): Promise<Damage[]> {
  const { entry, listed } = check;
  const hash = listed === undefined ? undefined : createHash("sha256");
  const rows = check.isTable ? new RowCounter() : undefined;
  let plainBytes = 0;
  for await (const chunk of plainOf(
    hashed(content, (chunk_) => hash?.update(chunk_)),
    check,
  )) {
    plainBytes += chunk.length;
    rows?.add(chunk);
  }
  if (listed === undefined || hash === undefined) return [];
  const damages: Damage[] = [];
  const differs = (what: string, expected: string | number, found: string | number): void => {
    if (expected !== found) damages.push({ what, entry: entry.name, expected: String(expected), found: String(found) });
  };
  differs("sha256", listed.sha256, hash.digest("hex"));
  differs("stored size", listed.storedBytes, entry.storedBytes);
  differs("size", listed.contentBytes, entry.contentBytes);
  differs("plain size", listed.plainBytes, plainBytes);
  if (rows !== undefined && listed.rows !== undefined) differs("rows", listed.rows, rows.count);
  return damages;
}

async function* hashed(content: AsyncIterable<Buffer>, update: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  for await (const chunk of content) {
    update(chunk);
    yield chunk;
  }
}

/** Content after its codec; by the manifest's frames where it lists them, so that each frame's size is checked as well. */
async function* plainOf(content: AsyncIterable<Buffer>, { codec, listed }: EntryCheck): AsyncGenerator<Buffer> {
  if (codec === "none") yield* content;
  else if (listed?.frames === undefined) yield* decompressStream(codec, content);
  else {
    const iterator = content[Symbol.asyncIterator]();
    let rest: Buffer = Buffer.alloc(0);
    for (const [storedBytes, plainBytes] of listed.frames) {
      const parts = [rest];
      let have = rest.length;
      while (have < storedBytes) {
        const next = await iterator.next();
        if (next.done === true) break;
        parts.push(next.value);
        have += next.value.length;
      }
      const joined = parts.length === 1 ? rest : Buffer.concat(parts);
      rest = joined.subarray(storedBytes);
      yield await decompressBlock(codec, joined.subarray(0, storedBytes), plainBytes);
    }
    // What follows the last frame still has to be read, for the digest and the reader's own checks.
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next());
  }
}
