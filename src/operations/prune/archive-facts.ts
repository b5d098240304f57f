import { basename } from "node:path";
import { unlistedEntryNames } from "../../archive/entry-names.ts";
import { type Manifest, readManifest } from "../../archive/manifest.ts";
import { digestOfComment } from "../../archive/manifest-types.ts";
import type { ArchiveReader } from "../../archive/reader.ts";
import { DamagedError, RefusedError, messageOf } from "../../errors.ts";
import { forEachAtOnce } from "../../for-each-at-once.ts";
import { type Candidate, archivesIn } from "../list/archives-in.ts";
import { openArchiveAlone } from "../open-archive.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";
import { basesOf } from "./bases.ts";

/** What retention has to know of an archive. */
export interface ArchiveFacts {
  /** Path or URL. */
  path: string;
  isFolder: boolean;
  /** Of the file; of all entries for a folder. */
  sizeBytes: number;
  modifiedAt: Date;
  /** A symbolic link to an archive, which somebody else has put there. */
  isLink: boolean;
  /**
   * By the manifest the moment of its snapshot. NextGIS Web's: when it was last written. Encrypted, and no key at hand: by a
   * name such as `20200721-234619`, in UTC, else when it was last written.
   */
  time: Date;
  tags: readonly string[];
  /** `sound`: as far as its end and its manifest tell. */
  kind: "sound" | "nextgisweb" | "encrypted" | "damaged";
  /** What is wrong with a damaged one. */
  problem: string | undefined;
  /** What it is of; null where the archive does not say. */
  instance: InstanceName | null;
  /** Digest of its manifest, by which incremental ones know it; undefined where there is none to be read. */
  sha256: string | undefined;
  /** Digests of all manifests that it refers to. */
  bases: readonly string[];
  /** Their names when they were referred to. */
  baseNames: readonly string[];
}

/** How an instance is known: by its id, or where it has none by application and database. */
export interface InstanceName {
  instanceId: string | null;
  application: string;
  database: string;
}

/** The name of an instance in one word, which `--instance` takes. */
export function instanceKey({ instanceId, application, database }: InstanceName): string {
  return instanceId ?? `${application}:${database}`;
}

const openedAtOnce = 8;

/**
 * Looks at every archive of a place, by its end and its manifest. One that is damaged, or that we may not read, is told as such;
 * when anything else keeps us from looking at one, nothing can be said of any.
 * @param where a folder or a store's URL
 * @throws RefusedError when there is no such place, or it cannot be looked into; AppError when an archive cannot be read
 */
export async function gatherFacts(where: string, access: ArchiveAccess): Promise<ArchiveFacts[]> {
  const found: ArchiveFacts[] = [];
  await forEachAtOnce(archivesIn(where, access), openedAtOnce, async (candidate) => {
    const facts = await factsOf(candidate, access);
    if (facts !== undefined) found.push(facts);
  });
  return found.toSorted((a, b) => b.time.getTime() - a.time.getTime() || a.path.localeCompare(b.path));
}

async function factsOf(
  { path, sizeBytes, modifiedAt, isLink }: Candidate,
  access: ArchiveAccess,
): Promise<ArchiveFacts | undefined> {
  const common = {
    path,
    isFolder: sizeBytes === undefined,
    sizeBytes: sizeBytes ?? 0,
    modifiedAt,
    isLink,
    time: modifiedAt,
    tags: [],
    problem: undefined,
    instance: null,
    sha256: undefined,
    bases: [],
    baseNames: [],
  };
  try {
    const { reader } = await openArchiveAlone(path, access, { isList: true });
    try {
      const size = sizeBytes ?? [...reader.entries.values()].reduce((sum, { storedBytes }) => sum + storedBytes, 0);
      const manifest = await readManifest(reader);
      if (manifest === undefined) return { ...common, sizeBytes: size, kind: "nextgisweb" };
      const stranger = strangerIn(reader, manifest);
      if (stranger !== undefined)
        return { ...common, sizeBytes: size, kind: "damaged", problem: `it holds ${stranger}, which is no part of it` };
      return { ...common, sizeBytes: size, kind: "sound", ...described(reader, manifest) };
    } finally {
      await reader.close();
    }
  } catch (error) {
    access.context.signal.throwIfAborted();
    // Whatever else fails says nothing of the archive: not what it is, nor what it refers to.
    if (!(error instanceof DamagedError || error instanceof RefusedError)) throw error;
    // Somebody has removed it meanwhile.
    if (error.code === "archive-missing") return undefined;
    if (error.code === "no-identity") return { ...common, time: timeOfName(path) ?? modifiedAt, kind: "encrypted" };
    return { ...common, kind: "damaged", problem: messageOf(error) };
  }
}

function described(
  reader: ArchiveReader,
  manifest: Manifest,
): Pick<ArchiveFacts, "time" | "tags" | "instance" | "sha256" | "bases" | "baseNames"> {
  const { header } = manifest;
  const { instanceId, application, database } = header;
  return {
    time: new Date(header.snapshotAt),
    tags: header.tags ?? [],
    instance: { instanceId, application: application.name, database: database.name },
    sha256: digestOfComment(reader.comment),
    bases: basesOf(manifest),
    baseNames: (header.base ?? []).map(({ fileName }) => fileName),
  };
}

/** A file in an archive's folder that somebody else has put there, and that would go with it. */
function strangerIn(reader: ArchiveReader, manifest: Manifest): string | undefined {
  if (reader.kind !== "folder") return undefined;
  for (const { name, isDirectory } of reader.entries.values())
    if (!isDirectory && !unlistedEntryNames.has(name) && !manifest.entries.has(name)) return name;
  return undefined;
}

/** The time in a file's name as the usual `backup.filename` gives it, in UTC. */
export function timeOfName(path: string): Date | undefined {
  const parts = /(?<!\d)(\d{4})-?(\d\d)-?(\d\d)[-_T]?(\d\d)[-:]?(\d\d)[-:]?(\d\d)(?!\d)/.exec(basename(path));
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second] = parts;
  const time = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  // 30 February would be 2 March.
  return Number.isNaN(time.getTime()) || time.getUTCDate() !== Number(day) ? undefined : time;
}
