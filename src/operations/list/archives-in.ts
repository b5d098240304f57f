import { lstat, readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { tocEntryName } from "../../archive/entry-names.ts";
import { UsageError } from "../../errors.ts";
import { createLocalStore } from "../../stores/local-store.ts";
import { type RemoteLocation, joinLocation, parseLocation } from "../../stores/location.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";
import { openStore } from "../stores/open-store.ts";

/** What may be an archive by its name, before it was opened. */
export interface Candidate {
  /** Path or URL. */
  path: string;
  /** Of the file; undefined for a folder, whose entries count. */
  sizeBytes: number | undefined;
  modifiedAt: Date;
  /** Somebody has put a symbolic link there; size and time are those of what it leads to. */
  isLink: boolean;
}

/**
 * What may be archives in a folder or a store, in no particular order: files named `*.ngwbackup` or `*.ngwbackup.age`, folders that `--no-zip`
 * wrote.
 * @param where a folder, or a store's URL
 * @throws RefusedError when there is no such place, or it cannot be looked into; UsageError for `-`
 */
export async function* archivesIn(where: string, access: ArchiveAccess): AsyncGenerator<Candidate> {
  const location = parseLocation(where);
  if (location.kind === "stdio") throw new UsageError("no-folder", "- is a stream, and no place for archives");
  if (location.kind === "local") yield* localCandidates(resolve(access.context.cwd, location.path), access);
  else yield* storeCandidates(location, access);
}

async function* localCandidates(folder: string, { context }: ArchiveAccess): AsyncGenerator<Candidate> {
  const store = createLocalStore(folder, context.pid);
  for await (const { name, sizeBytes, modifiedAt } of store.list(context.signal))
    if (isArchiveName(name)) {
      const path = store.locate(name);
      yield { path, sizeBytes, modifiedAt, isLink: await isLink(path) };
    }
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name.startsWith(".") || entry.isFile()) continue;
    const path = join(folder, entry.name);
    const stats = await stat(join(path, tocEntryName)).catch(() => undefined);
    if (stats?.isFile() === true)
      yield { path, sizeBytes: undefined, modifiedAt: (await stat(path)).mtime, isLink: entry.isSymbolicLink() };
  }
}

async function* storeCandidates(location: RemoteLocation, access: ArchiveAccess): AsyncGenerator<Candidate> {
  const { root, name } = location;
  // A place may be named without a slash at its end.
  const place: RemoteLocation = name === undefined ? location : { ...location, root: joinLocation(root, name) };
  const store = await openStore({ ...place, name: undefined }, await access.load(), access.context);
  try {
    for await (const { name: key, sizeBytes, modifiedAt } of store.list(access.context.signal))
      if (isArchiveName(key)) yield { path: store.locate(key), sizeBytes, modifiedAt, isLink: false };
  } finally {
    await store.close();
  }
}

async function isLink(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isSymbolicLink() ?? false;
}

function isArchiveName(name: string): boolean {
  return !name.startsWith(".") && /\.ngwbackup(\.age)?$/.test(name);
}
