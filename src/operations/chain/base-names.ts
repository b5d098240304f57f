import { realpath } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { joinLocation, parseLocation } from "../../stores/location.ts";

/**
 * Name of a file beside an archive, in the same folder or store.
 * @param archive as `openArchive` takes it
 * @returns undefined for `-`, which stands beside nothing
 */
export function besideArchive(archive: string, fileName: string, cwd: string): string | undefined {
  const location = parseLocation(archive);
  if (location.kind === "stdio") return undefined;
  if (location.kind === "local") return join(dirname(resolve(cwd, location.path)), fileName);
  return joinLocation(location.root, fileName);
}

/**
 * Name of a file in a place for archives.
 * @param place a folder, or a store's URL with or without a slash at its end
 */
export function insidePlace(place: string, fileName: string, cwd: string): string {
  const location = parseLocation(place);
  if (location.kind === "local" || location.kind === "stdio") return join(resolve(cwd, place), fileName);
  const { root, name } = location;
  return joinLocation(name === undefined ? root : joinLocation(root, name), fileName);
}

/**
 * Name of an archive without symbolic links on the way, by which others are to know it, and beside which those stand that it refers to.
 * @param archive as `openArchive` takes it
 */
export async function withoutLinks(archive: string, cwd: string): Promise<string> {
  const location = parseLocation(archive);
  if (location.kind !== "local") return archive;
  // What is not there is told by who opens it.
  return await realpath(resolve(cwd, location.path)).catch(() => archive);
}
