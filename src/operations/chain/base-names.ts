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
