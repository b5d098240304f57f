import type { EntryPart, ManifestEntry } from "./manifest-types.ts";

/**
 * Where an entry's frames stand, as parts, whatever way its line says it; a line without frames counts as one.
 * @param entry of a manifest; parts of the same archive have the id 0 and name the entry
 */
export function partsOf(entry: ManifestEntry): EntryPart[] {
  const frames = entry.frames?.length ?? 1;
  if (entry.from !== undefined) return [[entry.from.archive, entry.from.name, 0, frames]];
  if (entry.parts === undefined) return [[0, entry.name, 0, frames]];
  return entry.parts.map(([archive, name, offsetBytes, count]) => [
    archive,
    archive === 0 ? entry.name : name,
    offsetBytes,
    count,
  ]);
}

/** Bytes that stand one after another in one place, and where they come in the entry that is put together of such. */
export interface EntryRange {
  archive: number;
  name: string;
  /** In the content of that entry. */
  offsetBytes: number;
  lengthBytes: number;
  /** In the content that they are a part of. */
  startBytes: number;
}

/** The ranges that an entry in parts is put together of, in order. */
export function rangesOf(entry: ManifestEntry): EntryRange[] {
  const frames = entry.frames ?? [];
  let frame = 0;
  let startBytes = 0;
  return partsOf(entry).map(([archive, name, offsetBytes, count]) => {
    let lengthBytes = 0;
    for (const end = frame + count; frame < end; frame += 1) lengthBytes += frames[frame]?.[0] ?? 0;
    const range = { archive, name, offsetBytes, lengthBytes, startBytes };
    startBytes += lengthBytes;
    return range;
  });
}
