import type { Damage } from "../../archive/damage.ts";
import { checkZipStructure } from "../../archive/zip-check.ts";
import type { ByteSource } from "../../bytes.ts";

/** What is wrong with the structure of an archive file: headers, gaps, overlaps, bytes before and after. */
export async function structureDamages(source: ByteSource): Promise<Damage[]> {
  return await checkZipStructure(source);
}
