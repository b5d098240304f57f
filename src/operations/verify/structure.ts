import type { Damage } from "../../archive/damage.ts";
import { checkZipStructure } from "../../archive/zip-check.ts";
import type { ByteSource } from "../../bytes.ts";
import { DamagedError } from "../../errors.ts";
import { entryProblem } from "./problem-list.ts";

/**
 * What is wrong with the structure of an archive file: headers, gaps, overlaps, bytes before and after. Where an encrypted one
 * cannot be decrypted this ends, and says so: the entries' own checks name all of those places.
 */
export async function structureDamages(source: ByteSource): Promise<(Damage | string)[]> {
  try {
    return await checkZipStructure(source);
  } catch (error) {
    if (!(error instanceof DamagedError)) throw error;
    return [entryProblem(source.label, error)];
  }
}
