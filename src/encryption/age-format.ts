/*
 * What an age v1 file is made of (C2SP age.md): a header of text lines, a nonce of 16 bytes, and the payload, a STREAM of
 * chunks. Each chunk is sealed on its own, so that they can be written in parallel and read at random.
 */

/** The first line of every age file. */
export const ageMagic = "age-encryption.org/v1\n";
/** Plain bytes of every chunk but the last. */
export const chunkBytes = 64 * 1024;
/** What sealing adds to each chunk. */
export const tagBytes = 16;
/** Bytes of a whole chunk as it stands in the file. */
export const sealedChunkBytes = chunkBytes + tagBytes;
/** Between header and payload; the payload's key is made from it and the file key. */
export const payloadNonceBytes = 16;

/** Whether these are the first bytes of an age file. */
export function isAgeFile(firstBytes: Uint8Array): boolean {
  return Buffer.from(firstBytes).toString("latin1", 0, ageMagic.length) === ageMagic;
}

/** How many chunks hold this many plain bytes; an empty payload has one, which is empty. */
export function chunkCount(plainBytes: number): number {
  return Math.max(1, Math.ceil(plainBytes / chunkBytes));
}

/** The size of what a payload holds; undefined for a size that no payload has. */
export function plainSizeOf(payloadBytes: number): number | undefined {
  const whole = Math.floor(payloadBytes / sealedChunkBytes);
  const rest = payloadBytes - whole * sealedChunkBytes;
  if (rest === 0) return whole === 0 ? undefined : whole * chunkBytes;
  // Only the one chunk of an empty payload is empty.
  if (rest < tagBytes || (rest === tagBytes && whole > 0)) return undefined;
  return whole * chunkBytes + rest - tagBytes;
}
