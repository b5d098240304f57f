import type { RunItem } from "./blob-threads/messages.ts";
import type { BlobFacts } from "./blob-facts.ts";

/** What is said of a blob that an earlier archive has by name and size, and not by content. */
export const otherContent = "its file has another content than the one in the base, and was written anew";

/**
 * Takes a blob from the earlier archive that holds it, unless its file was read and has another content. A file that is missing
 * or has changed its size since is no reason to lose the blob: it is what its row says in that archive.
 * @returns whether it is taken from there
 */
export function referTo(facts: BlobFacts, item: RunItem): boolean {
  const { earlier } = facts.planned;
  if (earlier === undefined || item.type === "larger") return false;
  if (item.type === "read" && item.sha256 !== earlier.sha256) {
    facts.oddity = otherContent;
    return false;
  }
  if (item.type === "failed") facts.oddity = `its file cannot be read (${item.failure.message})`;
  else if (item.sizeBytes !== earlier.sizeBytes)
    facts.oddity = `its file has ${item.sizeBytes} bytes, and its row says ${earlier.sizeBytes}`;
  facts.isReferred = true;
  facts.codec = earlier.line.codec;
  facts.sizeBytes = earlier.sizeBytes;
  facts.sha256 = earlier.sha256;
  return true;
}
