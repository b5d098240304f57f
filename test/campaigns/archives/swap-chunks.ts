import { sealedChunkBytes } from "../../../src/encryption/age-format.ts";
import type { Random } from "../random.ts";
import type { DamagedBytes } from "./damage-bytes.ts";

/** An encrypted archive in which two whole chunks have changed places, or one comes again, or is gone. */
export function swapChunks(sound: Buffer, random: Random): DamagedBytes {
  const macAt = sound.indexOf("\n--- ");
  const payloadAt = sound.indexOf("\n", macAt + 1) + 1 + 16;
  const chunks: Buffer[] = [];
  for (let at = payloadAt; at < sound.length; at += sealedChunkBytes)
    chunks.push(sound.subarray(at, at + sealedChunkBytes));
  const whole = chunks.length - 1;
  const one = random.below(whole);
  const other = (one + 1 + random.below(Math.max(1, whole - 1))) % whole;
  const turn = whole < 2 ? 1 + random.below(2) : random.below(3);
  if (turn === 0) [chunks[one], chunks[other]] = [chunks[other]!, chunks[one]!];
  else if (turn === 1) chunks.splice(one, 0, chunks[one]!);
  else chunks.splice(one, 1);
  const what = ["chunks swapped", "chunk twice", "chunk gone"][turn]!;
  const bytes = Buffer.concat([sound.subarray(0, payloadAt), ...chunks]);
  return { bytes, what, details: turn === 0 ? `${one} and ${other}` : `${one}` };
}
