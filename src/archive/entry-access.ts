import { damagedError } from "./damage.ts";
import type { ArchiveEntry } from "./reader.ts";

/**
 * Finds an entry that must be there.
 * @throws DamagedError
 */
export function lookUp<Entry extends ArchiveEntry>(
  label: string,
  entries: ReadonlyMap<string, Entry>,
  name: string,
): Entry {
  const entry = entries.get(name);
  if (entry !== undefined) return entry;
  throw damagedError(label, { what: "missing entry", entry: name, expected: "the entry", found: "none of this name" });
}

/**
 * Gathers an entry's content.
 * @throws DamagedError before anything is read when the entry is larger than `maxBytes`
 */
export async function readWhole(
  label: string,
  entry: ArchiveEntry,
  maxBytes: number,
  content: AsyncIterable<Buffer>,
): Promise<Buffer> {
  checkSize(label, entry, maxBytes);
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

/** @throws DamagedError for an entry that is larger than one of its kind can be */
export function checkSize(label: string, entry: ArchiveEntry, maxBytes: number): void {
  if (entry.contentBytes <= maxBytes) return;
  throw damagedError(label, {
    what: "entry is too large",
    entry: entry.name,
    expected: `at most ${maxBytes} bytes`,
    found: `${entry.contentBytes} bytes`,
  });
}
