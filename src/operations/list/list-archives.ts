import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Manifest } from "../../archive/manifest.ts";
import { readManifest } from "../../archive/manifest.ts";
import { RefusedError, messageOf } from "../../errors.ts";
import { openArchive } from "../open-archive.ts";

/** An archive as a list shows it. */
export interface ListedArchive {
  path: string;
  sizeBytes: number;
  /** When its snapshot was taken; for an archive without a manifest, when the file was last written. */
  time: Date;
  instanceId: string | null;
  /** Application with its version, as far as the archive says. */
  application: string;
  encrypted: boolean;
  incremental: boolean;
  /** `complete`, `3 losses`, `by NextGIS Web`, or what is wrong with it. */
  state: string;
}

/**
 * The archives of a folder, newest first: files named `*.ngwbackup` and folders that `--no-zip` wrote. Only the end of
 * each file is read, so a sound line is no proof that the archive is.
 * @throws RefusedError when there is no such folder
 */
export async function listArchives(folder: string, cwd: string): Promise<ListedArchive[]> {
  const absolute = resolve(cwd, folder);
  let names: string[];
  try {
    names = await readdir(absolute);
  } catch (error) {
    throw new RefusedError("no-folder", `cannot list ${absolute}: ${messageOf(error)}`, { cause: error });
  }
  const found: ListedArchive[] = [];
  for (const name of names) {
    if (name.startsWith(".")) continue;
    const listed = await listOne(join(absolute, name));
    if (listed !== undefined) found.push(listed);
  }
  return found.sort((a, b) => b.time.getTime() - a.time.getTime() || a.path.localeCompare(b.path));
}

async function listOne(path: string): Promise<ListedArchive | undefined> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined || (stats.isFile() && !path.endsWith(".ngwbackup"))) return undefined;
  if (stats.isDirectory() && (await stat(join(path, "postgres", "toc.dat")).catch(() => undefined)) === undefined)
    return undefined;
  const common = { path, sizeBytes: stats.size, time: stats.mtime, encrypted: false, incremental: false };
  try {
    const { reader } = await openArchive(path, "/");
    try {
      let sizeBytes = stats.size;
      if (reader.kind === "folder") {
        sizeBytes = 0;
        for (const entry of reader.entries.values()) sizeBytes += entry.storedBytes;
      }
      return { ...common, sizeBytes, ...describe(await readManifest(reader)) };
    } finally {
      await reader.close();
    }
  } catch (error) {
    return { ...common, instanceId: null, application: "", state: `damaged: ${messageOf(error)}` };
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
