import { createHash } from "node:crypto";
import type { Damage } from "../../archive/damage.ts";
import type { ArchiveEntry } from "../../archive/reader.ts";
import { type ContentForm, plainContent } from "../contents/plain-content.ts";
import { RowCounter } from "./row-counter.ts";

/** An entry to be checked, and what is said about it. */
export interface EntryCheck extends ContentForm {
  entry: ArchiveEntry;
  /** What an archive that refers to others holds of the entry itself, of which digests of frames prove the whole. */
  isOwnPart?: boolean;
  isTable: boolean;
  /** Digest of the plain content, where only the index of its component says it. */
  plainSha256?: string;
  /** Undo the codec and count rows as well; else only what stands in the archive is compared. */
  decode: boolean;
}

/**
 * Reads an entry to its end and compares it with what the manifest says.
 * @param content of the entry, whose CRC and sizes the reader checks as it flows
 * @param onBytes told how many bytes more of it were read
 * @param take gets the content as it flows by, plain with `decode`; a chunk is gone when it settles, and nothing is proven before the end
 * @returns what differs
 * @throws DamagedError for what the reader or the codec finds
 */
export async function checkEntry(
  check: EntryCheck,
  content: AsyncIterable<Buffer>,
  onBytes: (bytes: number) => void,
  take?: (chunk: Buffer) => Promise<void>,
): Promise<Damage[]> {
  const { entry, listed } = check;
  // Put together from several archives it has no digest as a whole: its frames have.
  const inParts = listed?.parts !== undefined && check.isOwnPart !== true;
  const decode = check.decode || inParts;
  const hash = listed === undefined || inParts ? undefined : createHash("sha256");
  const rows = check.isTable && decode ? new RowCounter() : undefined;
  const read = watched(content, (chunk) => {
    hash?.update(chunk);
    onBytes(chunk.length);
  });
  const plainHash = decode && check.plainSha256 !== undefined ? createHash("sha256") : undefined;
  let plainBytes = 0;
  for await (const chunk of decode ? plainContent(read, check, { passesBy: true }) : read) {
    plainBytes += chunk.length;
    rows?.add(chunk);
    plainHash?.update(chunk);
    if (take !== undefined) await take(chunk);
  }
  const damages: Damage[] = [];
  const differs = (what: string, expected: string | number, found: string | number): void => {
    if (expected !== found) damages.push({ what, entry: entry.name, expected: String(expected), found: String(found) });
  };
  if (plainHash !== undefined) differs("sha256 in the index", check.plainSha256 ?? "", plainHash.digest("hex"));
  if (listed === undefined) return damages;
  if (hash !== undefined) differs("sha256", listed.sha256, hash.digest("hex"));
  differs("codec, by its name", check.codec, listed.codec);
  differs("stored size", listed.storedBytes, entry.storedBytes);
  differs("size", check.isOwnPart === true ? listed.storedBytes : listed.contentBytes, entry.contentBytes);
  if (decode) differs("plain size", listed.plainBytes, plainBytes);
  if (rows !== undefined && listed.rows !== undefined) differs("rows", listed.rows, rows.count);
  return damages;
}

async function* watched(content: AsyncIterable<Buffer>, watch: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  for await (const chunk of content) {
    watch(chunk);
    yield chunk;
  }
}
