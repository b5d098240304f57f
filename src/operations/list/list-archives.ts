import type { Manifest } from "../../archive/manifest.ts";
import { readManifest } from "../../archive/manifest.ts";
import { RefusedError, UsageError, messageOf } from "../../errors.ts";
import { forEachAtOnce } from "../../for-each-at-once.ts";
import { openArchiveAlone } from "../open-archive.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";
import { type Candidate, archivesIn } from "./archives-in.ts";

/** An archive as a list shows it. */
export interface ListedArchive {
  /** Path or URL. */
  path: string;
  sizeBytes: number;
  /** When its snapshot was taken; for an archive without a manifest, when the file was last written. */
  time: Date;
  instanceId: string | null;
  /** Application with its version, as far as the archive says. */
  application: string;
  encrypted: boolean;
  incremental: boolean;
  /** File names of the archives that it refers to, newest first. */
  base: readonly string[];
  /** Given to it by `backup --tag`. */
  tags: readonly string[];
  /** `complete`, `3 losses`, `by NextGIS Web`, `encrypted` when no key is at hand, or what is wrong with it. */
  state: string;
}

/** Archives that are opened at once: each waits for a few answers of a store. */
const openedAtOnce = 8;

/**
 * The archives of a folder or a store, newest first: files named `*.ngwbackup` or `*.ngwbackup.age`, and folders that `--no-zip` wrote. Only the
 * end of each file is read, so a sound line is no proof that the archive is.
 * @param where a folder, or a store's URL
 * @throws RefusedError when there is no such place, or it cannot be looked into
 */
export async function listArchives(where: string, access: ArchiveAccess): Promise<ListedArchive[]> {
  const found: ListedArchive[] = [];
  await forEachAtOnce(archivesIn(where, access), openedAtOnce, async (candidate) => {
    found.push(await listOne(candidate, access));
  });
  nameMissing(found);
  // Of two of one moment, as consolidate makes them, the one that needs no other comes first.
  return found.sort(
    (a, b) => b.time.getTime() - a.time.getTime() || a.base.length - b.base.length || a.path.localeCompare(b.path),
  );
}

/** Says of archives that refer to others which of those are not in the same place. */
function nameMissing(archives: ListedArchive[]): void {
  const names = new Set(archives.map(({ path }) => path.slice(path.lastIndexOf("/") + 1)));
  for (const archive of archives) {
    const missing = archive.base.filter((name) => !names.has(name));
    if (missing.length > 0) archive.state += `, not beside it: ${missing.join(", ")}`;
  }
}

async function listOne({ path, sizeBytes, modifiedAt }: Candidate, access: ArchiveAccess): Promise<ListedArchive> {
  const common = {
    path,
    sizeBytes: sizeBytes ?? 0,
    time: modifiedAt,
    encrypted: false,
    incremental: false,
    base: [],
    tags: [],
  };
  try {
    const { reader, encrypted } = await openArchiveAlone(path, access, { isList: true });
    try {
      const entries = sizeBytes === undefined ? [...reader.entries.values()] : [];
      const entryBytes = entries.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
      return { ...common, encrypted, sizeBytes: sizeBytes ?? entryBytes, ...describe(await readManifest(reader)) };
    } finally {
      await reader.close();
    }
  } catch (error) {
    access.context.signal.throwIfAborted();
    // What is wrong with the keys concerns all of them.
    if (error instanceof UsageError) throw error;
    const unknown = { ...common, instanceId: null, application: "" };
    if (error instanceof RefusedError && error.code === "no-identity")
      return { ...unknown, encrypted: true, state: "encrypted" };
    return { ...unknown, encrypted: path.endsWith(".age"), state: `damaged: ${messageOf(error)}` };
  }
}

function describe(
  manifest: Manifest | undefined,
): Pick<ListedArchive, "instanceId" | "application" | "state"> &
  Partial<Pick<ListedArchive, "time" | "incremental" | "base" | "tags">> {
  if (manifest === undefined) return { instanceId: null, application: "nextgisweb", state: "by NextGIS Web" };
  const { header, losses } = manifest;
  return {
    time: new Date(header.snapshotAt),
    incremental: header.base !== null,
    base: (header.base ?? []).map(({ fileName }) => fileName),
    instanceId: header.instanceId,
    tags: header.tags ?? [],
    application: [header.application.name, header.application.version].filter((part) => part !== undefined).join(" "),
    state: losses.length === 0 ? "complete" : losses.length === 1 ? "1 loss" : `${losses.length} losses`,
  };
}
