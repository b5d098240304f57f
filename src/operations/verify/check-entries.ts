import { manifestEntryName, signatureEntryName } from "../../archive/entry-names.ts";
import type { ZipEntry } from "../../archive/zip-directory.ts";
import { DamagedError, RefusedError } from "../../errors.ts";
import type { ArchiveContents, DataEntry } from "../contents/archive-contents.ts";
import { namedDamage } from "../contents/named-damage.ts";
import { readRecords } from "../contents/read-records.ts";
import { type EntryCheck, checkEntry } from "./check-entry.ts";
import { checkInThreads } from "./check-in-threads.ts";
import type { ProblemList } from "./problem-list.ts";
import type { VerifyOptions } from "./verify.ts";

/** What the manifest cannot list: itself, and its signature. */
const unlistedNames: ReadonlySet<string> = new Set([manifestEntryName, signatureEntryName]);

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
  const bytes = checks.reduce((sum, { entry }) => sum + entry.storedBytes, 0);
  if (reader.zipFile !== undefined && (bytes > threadsWorthBytes || checks.length > threadsWorthEntries)) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- entries of a ZIP's reader
    const zipChecks = checks as (EntryCheck & { entry: ZipEntry })[];
    await checkInThreads({ label: reader.label, ...reader.zipFile }, zipChecks, problems, onBytes, options);
  } else {
    for (const check of checks) {
      signal.throwIfAborted();
      try {
        const damages = await checkEntry(check, reader.read(check.entry.name, { signal }), onBytes);
        for (const damage of damages) problems.add(damage);
      } catch (error) {
        problems.addError(reader.label, namedDamage(reader.label, check.entry.name, error));
      }
    }
  }
  checkListed(contents, problems);
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
  return [...reader.entries.values()]
    .filter(({ isDirectory }) => !isDirectory)
    .map((entry) => {
      const listed = manifest?.entries.get(entry.name);
      if (manifest !== undefined && listed === undefined && !unlistedNames.has(entry.name))
        problems.add({ what: "not in the manifest", entry: entry.name, expected: "every entry listed", found: "none" });
      const known = data.get(entry.name);
      const plainSha256 = digests.get(entry.name);
      return {
        entry,
        listed,
        codec: known?.codec ?? "none",
        isTable: known?.isTable ?? false,
        ...(plainSha256 === undefined ? {} : { plainSha256 }),
        // A folder without manifest has nothing to compare stored bytes with.
        decode: decode || listed === undefined,
      };
    });
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
