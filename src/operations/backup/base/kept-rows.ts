import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { systemCode } from "../../../disk-errors.ts";
import { type Keeper, keepFile } from "./keep-file.ts";

/** A table that a backup has read in pieces. */
export interface KeptTable {
  schema: string;
  name: string;
  oid: number;
  /** See `TablePiece`. */
  filenode: number;
  /** See `fixedRowForms`. */
  form: string;
  /** See `copyColumns`. */
  columns: string;
  piecePages: number;
  /** How many frames of the archive each piece has, in order; the frame that ends the rows comes behind them. */
  framesOfPieces: number[];
}

/**
 * What this machine remembers of the rows of an archive that it has written, so that the next backup can tell which pieces of a
 * table still have exactly these. It says nothing by itself: see `UntouchedPieces` for when it counts.
 */
export interface KeptRows {
  /** SHA-256 of the archive's manifest. */
  archive: string;
  /** See `TransactionHorizon`. */
  database: string;
  /** Decimal. */
  endedBelow: string;
  /** See `Application.backupMark`: what was written into the database when the archive was complete. */
  mark: string;
  /** In which the rows were read. */
  encoding: string;
  tables: KeptTable[];
}

const suffix = ".rows";
const version = 1;

/**
 * Remembers the rows of an archive.
 * @param folder that is there; older ones than a few are removed from it
 * @throws AppError when it cannot be written
 */
export async function writeKeptRows(folder: string, rows: KeptRows, keeper: Keeper): Promise<void> {
  const content = JSON.stringify({ version, rows });
  await keepFile({ folder, name: rows.archive, suffix }, keeper, async (sink) => {
    await sink.write(Buffer.from(`${digestOf(content)}\n${content}\n`));
    await sink.finish();
  });
}

/**
 * What is remembered of an archive's rows.
 * @param archive SHA-256 of its manifest
 * @returns undefined when that is nothing, of another release, or not as it was written
 * @throws the system's error when it is there and cannot be read
 */
export async function readKeptRows(folder: string, archive: string): Promise<KeptRows | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, `${archive}${suffix}`), "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(systemCode(error))) return undefined;
    throw error;
  }
  const [digest, content = ""] = text.split("\n");
  if (digest !== digestOf(content)) return undefined;
  // Nobody but us has written what has this digest, in a folder of ours.
  const kept = JSON.parse(content) as { version: number; rows: KeptRows };
  return kept.version === version && kept.rows.archive === archive ? kept.rows : undefined;
}

function digestOf(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}
