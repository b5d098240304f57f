import type { ByteSource } from "../bytes.ts";
import { ageMagic, isAgeFile } from "./age-format.ts";

/** Whether a source holds an age file: by its first bytes, whatever it is called. */
export async function isEncrypted(source: ByteSource): Promise<boolean> {
  if (source.sizeBytes < ageMagic.length) return false;
  return isAgeFile(await source.read(0, ageMagic.length));
}
