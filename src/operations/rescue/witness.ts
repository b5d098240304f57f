import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { ManifestEntry } from "../../archive/manifest.ts";
import type { DamagedArchive, DamagedEntry } from "../../archive/rescue/damaged-archive.ts";
import { AppError } from "../../errors.ts";

/** Takes the content of an entry as it flows, and tells whether something says that it is as it was written. */
export class Witness {
  readonly #hash = createHash("sha256");
  #crc = 0;

  add(chunk: Buffer): void {
    this.#hash.update(chunk);
    this.#crc = crc32(chunk, this.#crc);
  }

  /** SHA-256 of what came so far, lower-case hex. */
  get sha256(): string {
    return this.#hash.copy().digest("hex");
  }

  /**
   * Whether the content is proven. A manifest is believed before a CRC-32. In a folder without one nothing can
   * be compared, and nothing speaks against a file.
   */
  agrees(entry: DamagedEntry, listed: ManifestEntry | undefined): boolean {
    if (entry.isCut) return false;
    if (this.sha256 === listed?.sha256) return true;
    return listed === undefined && (entry.crcs === undefined || entry.crcs.includes(this.#crc));
  }
}

/** Whether an entry's content is as it was written; reads all of it. */
export async function isProven(
  archive: DamagedArchive,
  name: string,
  listed: ManifestEntry | undefined,
): Promise<boolean> {
  const entry = archive.entries.get(name);
  if (entry === undefined) return false;
  const witness = new Witness();
  try {
    for await (const chunk of archive.content(name)) witness.add(chunk);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return false;
  }
  return witness.agrees(entry, listed);
}

/** No table of contents that we or pg_dump write is larger. */
const mostHeldBytes = 512 * 1024 * 1024;

/** The content of a small entry with whether it is proven; as much of it as there is. */
export async function readWitnessed(
  archive: DamagedArchive,
  name: string,
  listed: ManifestEntry | undefined,
): Promise<{ bytes: Buffer; isProven: boolean }> {
  const entry = archive.entries.get(name);
  const witness = new Witness();
  const chunks: Buffer[] = [];
  let heldBytes = 0;
  try {
    if (entry !== undefined)
      for await (const chunk of archive.content(name)) {
        witness.add(chunk);
        chunks.push(chunk);
        heldBytes += chunk.length;
        // A few bytes may unpack to any number.
        if (heldBytes > mostHeldBytes) return { bytes: Buffer.alloc(0), isProven: false };
      }
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { bytes: Buffer.concat(chunks), isProven: false };
  }
  return { bytes: Buffer.concat(chunks), isProven: entry !== undefined && witness.agrees(entry, listed) };
}
