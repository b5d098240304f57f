import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { AppError } from "../../errors.ts";
import { manifestEntryName } from "../entry-names.ts";
import { InvalidValue } from "../json-checks.ts";
import { nestsDeeper } from "../json-lines.ts";
import { decodeEntry, decodeHeader, decodeLoss } from "../manifest-lines.ts";
import type { ManifestEntry, ManifestHeader, ManifestLoss } from "../manifest-types.ts";
import { parseManifest } from "../manifest.ts";
import type { DamagedArchive } from "./damaged-archive.ts";

/** What is left of a manifest. */
export interface PartialManifest {
  /** `sound`: a digest proves it; `partial`: lines that make sense, and others may be missing; `none`: nothing of it is there. */
  state: "sound" | "partial" | "none";
  header: ManifestHeader | undefined;
  entries: ReadonlyMap<string, ManifestEntry>;
  losses: readonly ManifestLoss[];
}

const deepestNesting = 8;
/** A manifest is held whole; no instance has a larger one. */
const largestBytes = 1024 * 1024 * 1024;

/**
 * Reads as much of the manifest as there is.
 * @throws RefusedError for a sound one of a format that this version does not know
 */
export async function readPartialManifest(archive: DamagedArchive): Promise<PartialManifest> {
  const none: PartialManifest = { state: "none", header: undefined, entries: new Map(), losses: [] };
  const entry = archive.entries.get(manifestEntryName);
  if (entry === undefined) return none;
  const bytes = await readAsFar(archive);
  const isProven =
    createHash("sha256").update(bytes).digest("hex") === archive.manifestDigest ||
    entry.crcs?.includes(crc32(bytes)) === true;
  if (isProven)
    try {
      const { header, entries, losses } = await parseManifest(archive.label, inOnePiece(bytes));
      return { state: "sound", header, entries, losses };
    } catch (error) {
      if (!(error instanceof AppError) || error.code === "unknown-format") throw error;
    }
  return readLines(bytes);
}

async function readAsFar(archive: DamagedArchive): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of archive.content(manifestEntryName)) {
      length += chunk.length;
      if (length > largestBytes) break;
      chunks.push(chunk);
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
  return Buffer.concat(chunks);
}

async function* inOnePiece(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

/** The lines that are whole and valid each; sizes and frames of a line add up, so one that was changed hardly passes. */
function readLines(bytes: Buffer): PartialManifest {
  let header: ManifestHeader | undefined;
  const entries = new Map<string, ManifestEntry>();
  const losses: ManifestLoss[] = [];
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline === -1 ? bytes.length : newline;
    const text = bytes.toString("utf8", start, end);
    start = end + 1;
    if (nestsDeeper(text, deepestNesting)) continue;
    try {
      const value: unknown = JSON.parse(text);
      const type: unknown = typeof value === "object" && value !== null && "type" in value ? value.type : undefined;
      if (type === "header") header ??= decodeHeader(value);
      else if (type === "loss") losses.push(decodeLoss(value));
      else if (type === "entry") {
        const entry = decodeEntry(value, header?.format ?? 1);
        if (!entries.has(entry.name)) entries.set(entry.name, entry);
      }
    } catch (error) {
      if (!(error instanceof InvalidValue) && !(error instanceof SyntaxError)) throw error;
    }
  }
  const isEmpty = header === undefined && entries.size === 0;
  return { state: isEmpty ? "none" : "partial", header, entries, losses };
}
