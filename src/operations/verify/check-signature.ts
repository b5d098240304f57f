import type { KeyObject } from "node:crypto";
import { manifestEntryName, signatureEntryName } from "../../archive/entry-names.ts";
import type { ArchiveReader } from "../../archive/reader.ts";
import { isSignedBy, signatureBytes } from "../../encryption/signature.ts";
import { DamagedError } from "../../errors.ts";
import { entryProblem } from "./problem-list.ts";

/** Somebody whose signature an archive must have. */
export interface Signer {
  /** Ed25519, public. */
  key: KeyObject;
  /** The key's path, for messages. */
  path: string;
}

/** Ed25519 needs the manifest whole; one of a million entries has some 300 MiB. */
const mostManifestBytes = 1024 * 1024 * 1024;

/**
 * Whether the manifest is signed by somebody; the manifest's digests, which are checked elsewhere, make that count for the archive.
 * @returns what speaks against it, a line each; nothing when it is signed as expected
 */
export async function signatureProblems(whole: ArchiveReader, { key, path }: Signer): Promise<string[]> {
  // What it refers to is proven by the digests in its manifest.
  const reader = whole.chain?.own ?? whole;
  const expected = `one by the key of ${path}`;
  for (const name of [manifestEntryName, signatureEntryName])
    if (!reader.entries.has(name)) return [`entry ${name}: no signature: expected ${expected}, found none`];
  try {
    const signature = await reader.readAll(signatureEntryName, signatureBytes);
    const manifest = await reader.readAll(manifestEntryName, mostManifestBytes);
    if (isSignedBy(manifest, signature, key)) return [];
    return [`entry ${signatureEntryName}: wrong signature: expected ${expected}, found one that does not fit`];
  } catch (error) {
    if (!(error instanceof DamagedError)) throw error;
    return [entryProblem(reader.label, error)];
  }
}
