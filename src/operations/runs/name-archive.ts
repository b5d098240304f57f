import { resolve } from "node:path";
import { parseLocation } from "../../stores/location.ts";

/** An archive as the history calls it: an absolute path, a URL, `-`; without what is no name of one and may hold a password. */
export function nameArchive(given: string, cwd: string): string {
  try {
    const location = parseLocation(given);
    return location.kind === "local" ? resolve(cwd, location.path) : given;
  } catch {
    return "?";
  }
}
