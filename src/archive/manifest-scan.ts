import { RefusedError } from "../errors.ts";
import { damagedError, printable } from "./damage.ts";
import { manifestEntryName } from "./entry-names.ts";
import { InvalidValue } from "./json-checks.ts";
import { nestsDeeper, splitLines } from "./json-lines.ts";
import { decodeEntry, decodeHeader, formatOf } from "./manifest-lines.ts";
import { type ManifestEntry, type ManifestHeader, formatVersions } from "./manifest-types.ts";
import type { ArchiveReader } from "./reader.ts";

/** Some 2.5 million frames, of one table. */
const longestLineBytes = 64 * 1024 * 1024;
const deepestNesting = 8;

/**
 * The header alone, without a look at the rest: for who chooses among archives. Nothing proves it.
 * @returns undefined for an archive without manifest
 * @throws DamagedError, RefusedError
 */
export async function readManifestHeader(reader: ArchiveReader): Promise<ManifestHeader | undefined> {
  if (reader.manifest !== undefined) return reader.manifest.header;
  if (!reader.entries.has(manifestEntryName)) return undefined;
  for await (const { value } of manifestValues(reader.label, reader.read(manifestEntryName)))
    try {
      return decodeHeader(value);
    } catch (error) {
      if (error instanceof InvalidValue) throw lineProblem(reader.label)(1, error.expected, error.found);
      throw error;
    }
  return undefined;
}

/**
 * Entries of a manifest whose digest was compared before, one by one, for who cannot hold them all.
 * @param header of the same manifest
 * @param folder whose entries are wanted, all when left out; others may come, too, where their lines do not begin as ours do
 * @throws DamagedError
 */
export async function* readManifestEntries(
  reader: ArchiveReader,
  header: ManifestHeader,
  folder: "postgres/" | "component/" | "" = "",
): AsyncGenerator<ManifestEntry> {
  const content = reader.read(manifestEntryName);
  // Most lines are not even parsed: there may be hundreds of thousands of the other folder.
  const isOther = (text: string): boolean => text.startsWith(lineStart) && !text.startsWith(folder, lineStart.length);
  for await (const { number, value } of manifestValues(reader.label, content, isOther)) {
    if (typeof value !== "object" || value === null || !("type" in value) || value.type !== "entry") continue;
    try {
      yield decodeEntry(value, header.format);
    } catch (error) {
      if (error instanceof InvalidValue) throw lineProblem(reader.label)(number, error.expected, error.found);
      throw error;
    }
  }
}

/** How the line of an entry begins when we have written it. */
const lineStart = '{"type":"entry","name":"';

/** Makes the error for a line of a manifest. @param label of the archive */
export function lineProblem(label: string): (line: number, expected: string, found: string) => Error {
  return (line, expected, found) =>
    damagedError(label, { what: `line ${line}`, entry: manifestEntryName, expected, found: printable(found) });
}

/**
 * The lines as JSON says them, the first one of a format that is known.
 * @param label of the archive
 * @param isLeftOut says by its text that a line is not wanted; the first one always is
 * @throws DamagedError, RefusedError for a format that is newer than this program
 */
export async function* manifestValues(
  label: string,
  content: AsyncIterable<Buffer>,
  isLeftOut?: (text: string) => boolean,
): AsyncGenerator<{ number: number; value: unknown }> {
  const problem = lineProblem(label);
  for await (const { number, text } of splitLines(content, longestLineBytes, problem)) {
    if (isLeftOut?.(text) === true) continue;
    if (nestsDeeper(text, deepestNesting)) throw problem(number, `at most ${deepestNesting} levels`, "deeper nesting");
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw problem(number, "a JSON object", text.slice(0, 80));
    }
    if (number === 1) checkFormat(label, value, problem);
    yield { number, value };
  }
}

function checkFormat(
  label: string,
  value: unknown,
  problem: (line: number, expected: string, found: string) => Error,
): void {
  let format: number;
  try {
    format = formatOf(value);
  } catch (error) {
    if (error instanceof InvalidValue) throw problem(1, error.expected, error.found);
    throw error;
  }
  if (formatVersions.some((known) => known === format)) return;
  throw new RefusedError(
    "unknown-format",
    `${label}: unknown archive format: expected format ${formatVersions.join(" or ")}, found ${format}`,
    { hints: ["install the version of ngwbackup that wrote the archive, or a newer one"] },
  );
}
