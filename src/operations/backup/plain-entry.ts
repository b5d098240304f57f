import type { ManifestEntry } from "../../archive/manifest.ts";
import type { EntryTotals } from "../../archive/writer.ts";

/** The manifest's line for an entry that has no codec of ours: what unzip extracts is its plain content. */
export function plainEntry({ name, storedBytes, contentBytes, sha256 }: EntryTotals): ManifestEntry {
  return { type: "entry", name, storedBytes, contentBytes, sha256, codec: "none", plainBytes: contentBytes };
}
