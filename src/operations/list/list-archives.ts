import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { tocEntryName } from "../../archive/entry-names.ts";
import type { Manifest } from "../../archive/manifest.ts";
import { readManifest } from "../../archive/manifest.ts";
import { RefusedError, UsageError, messageOf } from "../../errors.ts";
import { forEachAtOnce } from "../../for-each-at-once.ts";
import { createLocalStore } from "../../stores/local-store.ts";
import { type RemoteLocation, joinLocation, parseLocation } from "../../stores/location.ts";
import { openArchive } from "../open-archive.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";
import { openStore } from "../stores/open-store.ts";

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
  /** `complete`, `3 losses`, `by NextGIS Web`, `encrypted` when no key is at hand, or what is wrong with it. */
  state: string;
}

/** An archive that may be one, before it was opened. */
interface Candidate {
  path: string;
  /** Of the file; undefined for a folder, whose entries count. */
  sizeBytes: number | undefined;
  modifiedAt: Date;
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
  const location = parseLocation(where);
  const found: ListedArchive[] = [];
  const take = async (candidate: Candidate): Promise<void> => void found.push(await listOne(candidate, access));
  if (location.kind === "stdio") throw new UsageError("no-folder", "- is a stream, and no place for archives");
  if (location.kind === "local") {
    const folder = resolve(access.context.cwd, location.path);
    await forEachAtOnce(localCandidates(folder, access), openedAtOnce, take);
  } else await forEachAtOnce(storeCandidates(location, access), openedAtOnce, take);
  return found.sort((a, b) => b.time.getTime() - a.time.getTime() || a.path.localeCompare(b.path));
}

async function* localCandidates(folder: string, { context }: ArchiveAccess): AsyncGenerator<Candidate> {
  const store = createLocalStore(folder, context.pid);
  for await (const { name, sizeBytes, modifiedAt } of store.list(context.signal))
    if (isArchiveName(name)) yield { path: store.locate(name), sizeBytes, modifiedAt };
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name.startsWith(".") || entry.isFile()) continue;
    const path = join(folder, entry.name);
    const stats = await stat(join(path, tocEntryName)).catch(() => undefined);
    if (stats?.isFile() === true) yield { path, sizeBytes: undefined, modifiedAt: (await stat(path)).mtime };
  }
}

async function* storeCandidates(location: RemoteLocation, access: ArchiveAccess): AsyncGenerator<Candidate> {
  const { root, name } = location;
  // A place may be named without a slash at its end.
  const place: RemoteLocation = name === undefined ? location : { ...location, root: joinLocation(root, name) };
  const store = await openStore({ ...place, name: undefined }, await access.load(), access.context);
  try {
    for await (const { name: key, sizeBytes, modifiedAt } of store.list(access.context.signal))
      if (isArchiveName(key)) yield { path: store.locate(key), sizeBytes, modifiedAt };
  } finally {
    await store.close();
  }
}

function isArchiveName(name: string): boolean {
  return !name.startsWith(".") && /\.ngwbackup(\.age)?$/.test(name);
}

async function listOne({ path, sizeBytes, modifiedAt }: Candidate, access: ArchiveAccess): Promise<ListedArchive> {
  const common = { path, sizeBytes: sizeBytes ?? 0, time: modifiedAt, encrypted: false, incremental: false };
  try {
    const { reader, encrypted } = await openArchive(path, access, { isList: true });
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
): Pick<ListedArchive, "instanceId" | "application" | "state"> & { time?: Date } {
  if (manifest === undefined) return { instanceId: null, application: "nextgisweb", state: "by NextGIS Web" };
  const { header, losses } = manifest;
  return {
    time: new Date(header.snapshotAt),
    instanceId: header.instanceId,
    application: [header.application.name, header.application.version].filter((part) => part !== undefined).join(" "),
    state: losses.length === 0 ? "complete" : losses.length === 1 ? "1 loss" : `${losses.length} losses`,
  };
}
