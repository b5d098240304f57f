import { readdir } from "node:fs/promises";
import {
  type Area,
  type PlannedFile,
  type RestoreFiles,
  hasContent,
  holdFile,
  planNewFiles,
  planRemovals,
  stageFile,
} from "../../files/restore-files.ts";
import { blobPath, isFontName } from "../../files/storage-layout.ts";
import type { StageProgress } from "../../progress.ts";
import type { ArchiveContents } from "../contents/archive-contents.ts";
import { readPlain } from "../contents/read-data.ts";
import { type ComponentRecord, readRecords } from "../contents/read-records.ts";

/** Records that are staged at once. */
const recordsAtOnce = 8;

/** What the files' half of a restore comes to. */
export interface StagedFiles {
  /** Files that were there already with the same content. */
  reused: number;
  /** Files written aside. */
  staged: number;
  stagedBytes: number;
}

/** How files are staged. */
export interface StageOptions {
  /** Holds files that both states share for an undo. */
  hold: boolean;
  progress: StageProgress;
  signal: AbortSignal;
}

function fileOf({ record }: ComponentRecord): PlannedFile {
  const { payload } = record;
  return "uuid" in payload ? { area: "blobs", path: blobPath(payload) } : { area: "fonts", path: payload.filename };
}

/** Size and digest of a record's plain content, as far as the archive says. */
function contentOf(
  { reader }: ArchiveContents,
  { record, entry }: ComponentRecord,
): { sizeBytes: number; sha256?: string } {
  const sizeBytes =
    entry.listed?.plainBytes ?? record.payload.size ?? reader.entries.get(entry.name)?.contentBytes ?? 0;
  const sha256 = record.payload.sha256 ?? (entry.codec === "none" ? entry.listed?.sha256 : undefined);
  return sha256 === undefined ? { sizeBytes } : { sizeBytes, sha256 };
}

/** Every record of the archive's components that are kept as files, in order. */
export async function* fileRecords(contents: ArchiveContents): AsyncGenerator<ComponentRecord> {
  for (const component of contents.records.keys()) yield* readRecords(contents, component);
}

/**
 * Writes every blob and font that is not there already into the work folder, and the list of what will become live.
 * An archive without digests (NextGIS Web's own) gives nothing to compare with, so its blobs are all written.
 */
export async function stageFiles(
  contents: ArchiveContents,
  files: RestoreFiles,
  { hold, progress, signal }: StageOptions,
): Promise<StagedFiles> {
  const totals: StagedFiles = { reused: 0, staged: 0, stagedBytes: 0 };
  const planned: PlannedFile[] = [];
  const records = fileRecords(contents);
  let failed = false;
  const worker = async (): Promise<void> => {
    for (let next = await records.next(); next.done !== true && !failed; next = await records.next()) {
      signal.throwIfAborted();
      const file = fileOf(next.value);
      if (files.areas[file.area] === undefined) continue;
      const { sizeBytes, sha256 } = contentOf(contents, next.value);
      if (sha256 !== undefined && (await hasContent(files, file, sizeBytes, sha256))) {
        if (hold) await holdFile(files, file);
        totals.reused += 1;
      } else {
        const { entry } = next.value;
        const expected =
          entry.listed === undefined && next.value.record.payload.size === undefined
            ? undefined
            : { sizeBytes, what: `entry ${entry.name}` };
        await stageFile(files, file, readPlain(contents.reader, entry, signal), expected);
        planned.push(file);
        totals.staged += 1;
        totals.stagedBytes += sizeBytes;
      }
      progress.advance(sizeBytes);
    }
  };
  const stop = (error: unknown): never => {
    failed = true;
    throw error;
  };
  // All workers have ended before anything that they write to is removed.
  const ends = await Promise.allSettled(Array.from({ length: recordsAtOnce }, () => worker().catch(stop)));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  await planNewFiles(files, planned);
  await planRemovals(files, await staleFiles(contents, files));
  return totals;
}

/** Fonts that the archive does not hold, and tile caches, which belong to the data that goes. */
async function staleFiles(contents: ArchiveContents, files: RestoreFiles): Promise<PlannedFile[]> {
  const fonts = new Set<string>();
  for await (const { record } of readRecords(contents, "core"))
    if ("filename" in record.payload) fonts.add(record.payload.filename);
  const stale: PlannedFile[] = [];
  for (const path of await namesIn(files, "fonts"))
    if (isFontName(path) && !fonts.has(path)) stale.push({ area: "fonts", path });
  for (const path of await namesIn(files, "tiles")) stale.push({ area: "tiles", path });
  return stale;
}

async function namesIn(files: RestoreFiles, area: Area): Promise<string[]> {
  const folder = files.areas[area];
  if (folder === undefined) return [];
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
