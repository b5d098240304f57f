import { createHash } from "node:crypto";
import { resolve } from "node:path";
import type { Settings } from "../../config/settings.ts";
import { parseLocation } from "../../stores/location.ts";

/** A folder or store of archives that the configuration names. */
export interface ArchivePlace {
  /** Opaque; the same as long as the name is. */
  id: string;
  /** An absolute path, or a URL without a slash at its end. */
  name: string;
  isLocal: boolean;
  /** `backup.path`. */
  isDefault: boolean;
}

/**
 * The places that are shown, each once: the configured one first, then those of `serve.places`.
 * @throws UsageError for one that names no place
 */
export function placesOf({ backup, serve }: Settings, cwd: string): ArchivePlace[] {
  const places = new Map<string, ArchivePlace>();
  for (const [index, given] of [backup.place, ...serve.places].entries()) {
    if (given === undefined) continue;
    const isLocal = parseLocation(given).kind === "local";
    const name = isLocal ? resolve(cwd, given) : given.replace(/(?<!:)\/+$/, "");
    if (!places.has(name)) places.set(name, { id: digestOf(name), name, isLocal, isDefault: index === 0 });
  }
  return [...places.values()];
}

/** Opaque name of an archive: of its place, and of its own name in it. It says nothing, and leads nowhere by itself. */
export function archiveId(place: ArchivePlace, name: string): string {
  return `${place.id}${digestOf(`${place.name}\n${name}`)}`;
}

/** The part of an archive's id that names its place; undefined for what is no id. */
export function placeIdOf(id: string): string | undefined {
  return /^[0-9a-f]{40}$/.test(id) ? id.slice(0, digestLength) : undefined;
}

const digestLength = 20;

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, digestLength);
}
