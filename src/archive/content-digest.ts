import { createHash } from "node:crypto";

/** SHA-256 of an entry's content, as it is written. */
export interface ContentDigest {
  update(chunk: Uint8Array): void;
  /** Lower-case hex, of everything; once only. */
  finish(): string;
}

/** @param known gives the digest at the end, where the caller computes it anyway: a blob's is known from its reading */
export function createContentDigest(known: (() => string) | undefined): ContentDigest {
  if (known !== undefined) return { update() {}, finish: known };
  const digest = createHash("sha256");
  return { update: (chunk) => void digest.update(chunk), finish: () => digest.digest("hex") };
}
