import { unlistedEntryNames } from "../../archive/entry-names.ts";
import { DamagedError, RefusedError } from "../../errors.ts";
import type { ArchiveContents, DataEntry } from "../contents/archive-contents.ts";
import { namedDamage } from "../contents/named-damage.ts";
import { zipPlaces } from "../contents/zip-places.ts";
import { readRecords } from "../contents/read-records.ts";
import { type EntryCheck, checkEntry } from "./check-entry.ts";
import { checkInThreads } from "./check-in-threads.ts";
import type { ProblemList } from "./problem-list.ts";
import type { VerifyOptions } from "./verify.ts";

/** Less than this is checked sooner than threads start. */
const threadsWorthBytes = 32 * 1024 * 1024;
const threadsWorthEntries = 2000;

/**
 * Checks every entry's bytes: by the reader's own checks, and against the manifest where there is one.
 * @param checks see {@link entryChecks}
 * @param onBytes told how many bytes more were read
 */
export async function checkEntries(
  contents: ArchiveContents,
  checks: readonly EntryCheck[],
  problems: ProblemList,
  onBytes: (count: number) => void,
  options: VerifyOptions,
): Promise<void> {
  const { signal } = options;
  const { reader } = contents;
  const { label } = reader;
  const bytes = checks.reduce((sum, { entry }) => sum + entry.storedBytes, 0);
  let rest = checks;
  const places = zipPlaces(reader);
  if (places !== undefined && (bytes > threadsWorthBytes || checks.length > threadsWorthEntries)) {
    const placed = checks.flatMap((check) => {
      const place = check.isOwnPart === true ? undefined : places.placeOf(check.entry.name);
      return place === undefined ? [] : { check, place };
    });
    await checkInThreads({ label, archives: places.archives }, places.stored, placed, problems, onBytes, options);
    const done = new Set(placed.map(({ check }) => check));
    rest = checks.filter((check) => !done.has(check));
  }
  for (const check of rest) {
    signal.throwIfAborted();
    const from = check.isOwnPart === true ? reader.chain?.own : reader;
    try {
      const damages = await checkEntry(check, (from ?? reader).read(check.entry.name, { signal }), onBytes);
      for (const damage of damages) problems.add(damage);
    } catch (error) {
      problems.addError(label, namedDamage(label, check.entry.name, error));
    }
  }
  checkListed(contents, problems);
}

/**
 * What an archive that refers to others holds itself of entries in parts: those bytes are held against CRC-32 and SHA-256, too.
 * Bytes under the name of an entry that stands elsewhere belong to nothing.
 */
function ownParts({ reader }: ArchiveContents, problems: ProblemList): EntryCheck[] {
  const { chain, manifest } = reader;
  const checks: EntryCheck[] = [];
  for (const listed of manifest?.entries.values() ?? []) {
    if (listed.from === undefined && listed.parts === undefined) continue;
    const entry = chain?.own.entries.get(listed.name);
    if (entry === undefined) continue;
    if (listed.from === undefined && listed.storedBytes > 0)
      checks.push({ entry, listed, codec: listed.codec, isOwnPart: true, isTable: false, decode: false });
    else
      problems.add({
        what: "bytes of an entry that stands elsewhere",
        entry: listed.name,
        expected: "none in this archive",
        found: `${entry.contentBytes} bytes`,
      });
  }
  return checks;
}

/**
 * Every entry with what is said about it; one that the manifest does not know is a problem.
 * @param decode see `VerifyOptions`
 */
export async function entryChecks(
  contents: ArchiveContents,
  problems: ProblemList,
  decode: boolean,
): Promise<EntryCheck[]> {
  const { reader, manifest } = contents;
  const data = dataEntries(contents);
  const digests = decode ? await plainDigests(contents) : new Map<string, string>();
  const checks = [...reader.entries.values()]
    .filter(({ isDirectory }) => !isDirectory)
    .map((entry) => {
      const listed = manifest?.entries.get(entry.name);
      if (manifest !== undefined && listed === undefined && !unlistedEntryNames.has(entry.name))
        problems.add({ what: "not in the manifest", entry: entry.name, expected: "every entry listed", found: "none" });
      const known = data.get(entry.name);
      const plainSha256 = digests.get(entry.name);
      return {
        entry,
        listed,
        codec: known?.codec ?? "none",
        isTable: known?.isTable ?? false,
        blockDigest: manifest?.header.blockDigest,
        ...(plainSha256 === undefined ? {} : { plainSha256 }),
        // A folder without manifest has nothing to compare stored bytes with.
        decode: decode || listed === undefined,
      };
    });
  return [...checks, ...ownParts(contents, problems)];
}

/** Digests of compressed records, which only their index knows; what is wrong with an index is told when records are checked. */
async function plainDigests(contents: ArchiveContents): Promise<Map<string, string>> {
  const digests = new Map<string, string>();
  for (const [component, entries] of contents.records) {
    if (![...entries.values()].some(({ codec }) => codec !== "none")) continue;
    try {
      for await (const { record, entry } of readRecords(contents, component))
        if (entry.codec !== "none" && record.payload.sha256 !== undefined)
          digests.set(entry.name, record.payload.sha256);
    } catch (error) {
      if (!(error instanceof DamagedError || error instanceof RefusedError)) throw error;
    }
  }
  return digests;
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
}: Pick<ArchiveContents, "tables" | "largeObjects" | "records">): Map<string, DataEntry & { isTable: boolean }> {
  const found = new Map<string, DataEntry & { isTable: boolean }>();
  for (const entry of tables.values()) found.set(entry.name, { ...entry, isTable: true });
  for (const entry of largeObjects.values()) found.set(entry.name, { ...entry, isTable: false });
  for (const component of records.values())
    for (const entry of component.values()) found.set(entry.name, { ...entry, isTable: false });
  return found;
}
