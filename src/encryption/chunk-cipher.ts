import { createCipheriv, createDecipheriv } from "node:crypto";
import { tagBytes } from "./age-format.ts";

const algorithm = "chacha20-poly1305";
const options = { authTagLength: tagBytes };

/** STREAM: a counter of 11 bytes, and a byte that is 1 for the last chunk, so that no chunk can stand elsewhere. */
function nonceOf(index: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(index, 5, 6);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

/**
 * Seals a chunk where it stands.
 * @param room the plain bytes, and behind them the 16 that the tag takes
 * @param index from 0
 */
export function sealChunk(key: Uint8Array, index: number, isLast: boolean, room: Uint8Array): void {
  const cipher = createCipheriv(algorithm, key, nonceOf(index, isLast), options);
  const plain = room.subarray(0, room.length - tagBytes);
  room.set(cipher.update(plain));
  cipher.final();
  room.set(cipher.getAuthTag(), plain.length);
}

/**
 * Opens a chunk.
 * @param sealed as it stands in the file, with its tag
 * @returns its plain bytes; undefined when it is not authentic at this place
 */
export function openChunk(key: Uint8Array, index: number, isLast: boolean, sealed: Uint8Array): Buffer | undefined {
  const decipher = createDecipheriv(algorithm, key, nonceOf(index, isLast), options);
  const cipherBytes = sealed.length - tagBytes;
  decipher.setAuthTag(sealed.subarray(cipherBytes));
  const plain = decipher.update(sealed.subarray(0, cipherBytes));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return plain;
}
