import { createHash, type Hash } from "node:crypto";
import { decompressBlock, decompressStream } from "../../archive/codec.ts";
import { manifestEntryName } from "../../archive/entry-names.ts";
import type { ManifestEntry } from "../../archive/manifest.ts";
import type { ArchiveEntry } from "../../archive/reader.ts";
import type { StageProgress } from "../../progress.ts";
import type { ArchiveContents, DataEntry } from "../contents/archive-contents.ts";
import { RowCounter } from "./row-counter.ts";
import type { ProblemList } from "./verify.ts";

/** Entries that are read at once: hashing is one thread's work, reading and decompressing are libuv's. */
const entriesAtOnce = 3;

/** Checks every entry's bytes: by the reader's own checks, and against the manifest where there is one. */
export async function checkEntries(
  contents: ArchiveContents,
  problems: ProblemList,
  progress: StageProgress,
  signal: AbortSignal,
): Promise<void> {
  const { reader, manifest } = contents;
  const data = dataEntries(contents);
  const entries = [...reader.entries.values()].filter(({ isDirectory }) => !isDirectory);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let entry = entries[next++]; entry !== undefined; entry = entries[next++]) {
      signal.throwIfAborted();
      const listed = manifest?.entries.get(entry.name);
      if (manifest !== undefined && listed === undefined && entry.name !== manifestEntryName)
        problems.add({ what: "not in the manifest", entry: entry.name, expected: "every entry listed", found: "none" });
      try {
        await checkEntry(contents, entry, listed, data.get(entry.name), problems, signal);
      } catch (error) {
        problems.addError(reader.label, error);
      }
      progress.advance(entry.storedBytes);
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: entriesAtOnce }, worker));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  checkListed(contents, problems);
}

/** Checks that every entry that the manifest lists is there. */
export function checkListed({ reader, manifest }: ArchiveContents, problems: ProblemList): void {
  for (const name of manifest?.entries.keys() ?? [])
    if (!reader.entries.has(name))
      problems.add({
        what: "entry missing",
        entry: name,
        expected: "an entry as the manifest lists it",
        found: "none",
      });
}

function dataEntries({
  tables,
  largeObjects,
  records,
}: ArchiveContents): Map<string, DataEntry & { isTable: boolean }> {
  const found = new Map<string, DataEntry & { isTable: boolean }>();
  for (const entry of tables.values()) found.set(entry.name, { ...entry, isTable: true });
  for (const entry of largeObjects.values()) found.set(entry.name, { ...entry, isTable: false });
  for (const component of records.values())
    for (const entry of component.values()) found.set(entry.name, { ...entry, isTable: false });
  return found;
}

async function checkEntry(
  { reader }: ArchiveContents,
  entry: ArchiveEntry,
  listed: ManifestEntry | undefined,
  data: (DataEntry & { isTable: boolean }) | undefined,
  problems: ProblemList,
  signal: AbortSignal,
): Promise<void> {
  const hash = listed === undefined ? undefined : createHash("sha256");
  const content = hashed(reader.read(entry.name, { signal }), hash);
  const rows = data?.isTable === true ? new RowCounter() : undefined;
  let plainBytes = 0;
  for await (const chunk of plainOf(content, data, listed)) {
    plainBytes += chunk.length;
    rows?.add(chunk);
  }
  const differs = (what: string, expected: string | number, found: string | number): void => {
    if (expected !== found) problems.add({ what, entry: entry.name, expected: String(expected), found: String(found) });
  };
  if (listed === undefined || hash === undefined) return;
  differs("sha256", listed.sha256, hash.digest("hex"));
  differs("stored size", listed.storedBytes, entry.storedBytes);
  differs("size", listed.contentBytes, entry.contentBytes);
  differs("plain size", listed.plainBytes, plainBytes);
  if (rows !== undefined && listed.rows !== undefined) differs("rows", listed.rows, rows.count);
}

async function* hashed(content: AsyncIterable<Buffer>, hash: Hash | undefined): AsyncGenerator<Buffer> {
  for await (const chunk of content) {
    hash?.update(chunk);
    yield chunk;
  }
}

/** Content after its codec; by the manifest's frames where it lists them, so that each frame's size is checked as well. */
async function* plainOf(
  content: AsyncIterable<Buffer>,
  data: DataEntry | undefined,
  listed: ManifestEntry | undefined,
): AsyncGenerator<Buffer> {
  if (data === undefined || data.codec === "none") yield* content;
  else if (listed?.frames === undefined) yield* decompressStream(data.codec, content);
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
      const joined = Buffer.concat(parts);
      rest = joined.subarray(storedBytes);
      yield await decompressBlock(data.codec, joined.subarray(0, storedBytes), plainBytes);
    }
    // What follows the last frame still has to be read, for the digest and the reader's own checks.
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next());
  }
}
