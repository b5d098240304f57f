import { manifestEntryName } from "../../archive/entry-names.ts";
import { manifestDigest } from "../../archive/manifest.ts";
import { decodeEnd, decodeHeader } from "../../archive/manifest-lines.ts";
import { manifestValues } from "../../archive/manifest-scan.ts";
import type { ManifestHeader } from "../../archive/manifest-types.ts";
import type { ArchiveReader } from "../../archive/reader.ts";
import { DamagedError, RefusedError, messageOf } from "../../errors.ts";
import { InvalidValue } from "../../archive/json-checks.ts";
import { openArchiveAlone } from "../open-archive.ts";
import { instanceKey, timeOfName } from "../prune/archive-facts.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";

/** What an archive's end and its manifest tell. */
export interface KnownArchive {
  sizeBytes: number;
  /** Of its snapshot; of an archive that does not say, when it was last written. Milliseconds since 1970. */
  time: number;
  instanceId: string | null;
  /** By which its instance is known; null where it does not say. */
  instanceKey: string | null;
  /** With its version, as far as the archive says. */
  application: string;
  encrypted: boolean;
  incremental: boolean;
  /** Names of the archives that it refers to, newest first. */
  base: readonly string[];
  tags: readonly string[];
  /** `unreadable`: encrypted, and no key is at hand. `foreign`: by NextGIS Web itself. */
  state: "complete" | "losses" | "damaged" | "unreadable" | "foreign";
  losses: number;
  /** What is wrong with a damaged one. */
  problem: string | null;
}

/** What may be an archive, as a place lists it. */
export interface LookedAt {
  path: string;
  /** Undefined for a folder. */
  sizeBytes: number | undefined;
  /** Milliseconds since 1970. */
  modifiedAt: number;
}

/**
 * Looks at an archive, in memory that does not grow with its manifest. What is wrong with it is part of what is known.
 * @throws UsageError for what is wrong with keys; AppError for what says nothing of the archive: a store that does not answer
 */
export async function lookAtArchive(
  { path, sizeBytes, modifiedAt }: LookedAt,
  access: ArchiveAccess,
): Promise<KnownArchive> {
  const unknown: KnownArchive = {
    sizeBytes: sizeBytes ?? 0,
    time: modifiedAt,
    instanceId: null,
    instanceKey: null,
    application: "",
    encrypted: path.endsWith(".age"),
    incremental: false,
    base: [],
    tags: [],
    state: "damaged",
    losses: 0,
    problem: null,
  };
  try {
    const { reader, encrypted } = await openArchiveAlone(path, access, { isList: true });
    try {
      const size = sizeBytes ?? [...reader.entries.values()].reduce((sum, entry) => sum + entry.storedBytes, 0);
      return { ...unknown, encrypted, sizeBytes: size, ...(await described(reader)) };
    } finally {
      await reader.close();
    }
  } catch (error) {
    if (error instanceof RefusedError && error.code === "no-identity")
      return {
        ...unknown,
        time: timeOfName(path)?.getTime() ?? modifiedAt,
        encrypted: true,
        state: "unreadable",
      };
    if (error instanceof DamagedError) return { ...unknown, problem: messageOf(error) };
    throw error;
  }
}

async function described(reader: ArchiveReader): Promise<Partial<KnownArchive> & Pick<KnownArchive, "state">> {
  if ((await manifestDigest(reader)) === undefined) return { application: "nextgisweb", state: "foreign" };
  const { header, losses } = await readEnds(reader);
  const { instanceId, application, database, base } = header;
  return {
    time: Date.parse(header.snapshotAt),
    instanceId,
    instanceKey: instanceKey({ instanceId, application: application.name, database: database.name }),
    application: [application.name, application.version].filter((part) => part !== undefined).join(" "),
    incremental: base !== null,
    base: (base ?? []).map(({ fileName }) => fileName),
    tags: header.tags ?? [],
    state: losses === 0 ? "complete" : "losses",
    losses,
  };
}

/** The first and the last line of a manifest whose digest was compared; the others are only read past. */
async function readEnds(reader: ArchiveReader): Promise<{ header: ManifestHeader; losses: number }> {
  let header: ManifestHeader | undefined;
  let losses: number | undefined;
  const isBetween = (text: string): boolean => /^\{"type":"(?:entry|loss)"/.test(text);
  try {
    for await (const { number, value } of manifestValues(reader.label, reader.read(manifestEntryName), isBetween)) {
      if (number === 1) header = decodeHeader(value);
      else if (typeof value === "object" && value !== null && "type" in value && value.type === "end")
        ({ losses } = decodeEnd(value));
    }
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
    throw notWhole(reader.label, error.expected, error.found);
  }
  if (header === undefined || losses === undefined) throw notWhole(reader.label, "a header and an end line", "less");
  return { header, losses };
}

function notWhole(label: string, expected: string, found: string): DamagedError {
  return new DamagedError("archive-damaged", `${label}: ${manifestEntryName}: expected ${expected}, found ${found}`);
}
