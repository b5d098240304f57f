import { readdir } from "node:fs/promises";
import { damagedError } from "../../archive/damage.ts";
import {
  type Area,
  type PlannedFile,
  type RestoreFiles,
  planNewFiles,
  planRemovals,
} from "../../files/restore-files.ts";
import { isFontName } from "../../files/storage-layout.ts";
import { makeLiveFolders } from "../../files/swap-files.ts";
import type { StageProgress } from "../../progress.ts";
import type { ArchiveContents } from "../contents/archive-contents.ts";
import { askThreads } from "../contents/ask-threads.ts";
import { type ComponentRecord, readRecords } from "../contents/read-records.ts";
import { type ZipPlaces, zipPlaces } from "../contents/zip-places.ts";
import { unpackError } from "../contents/thread-error.ts";
import { type FileToStage, fileToStage, stageWanted } from "./file-to-stage.ts";
import type { BatchStaged, StageThreadGiven, ZipFileToStage } from "./stage-threads/messages.ts";

/** What one message to a thread asks for: enough to be worth it, little enough to come out even. */
const batchBytes = 16 * 1024 * 1024;
const batchFiles = 500;

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
  const held: PlannedFile[] = [];
  const onBytes = (bytes: number): void => progress.advance(bytes);
  const settle = ({ file, sizeBytes }: FileToStage, reused: boolean): void => {
    if (reused) {
      if (hold) held.push(file);
      totals.reused += 1;
    } else {
      planned.push(file);
      totals.staged += 1;
      totals.stagedBytes += sizeBytes;
    }
  };
  const { reader } = contents;
  const wanted = filesToStage(contents, files);
  const places = zipPlaces(reader);
  if (places === undefined) {
    for await (const one of wanted) {
      signal.throwIfAborted();
      const content = (): AsyncIterable<Buffer> => reader.read(one.entryName, { signal });
      settle(one, await stageWanted(files, one, hold, reader.label, content, onBytes));
    }
  } else {
    const given: StageThreadGiven = { label: reader.label, archives: places.archives, files, hold };
    await askThreads<readonly ZipFileToStage[], BatchStaged>({
      module: new URL("./stage-threads/thread", import.meta.url),
      given,
      sources: places.stored,
      batches: inBatches(wanted, reader.label, places),
      onAnswer(batch, { reused, error }) {
        for (const [index, was] of reused.entries()) settle(batch[index]!.wanted, was);
        if (error !== undefined) throw unpackError(error);
      },
      onBytes,
      signal,
    });
  }
  await planNewFiles(files, planned, held);
  await makeLiveFolders(files);
  await planRemovals(files, await staleFiles(contents, files));
  return totals;
}

/** Every record of the archive's components that are kept as files, in order. */
export async function* fileRecords(contents: ArchiveContents): AsyncGenerator<ComponentRecord> {
  for (const component of contents.records.keys()) yield* readRecords(contents, component);
}

/** Every file for which the instance has a place. */
async function* filesToStage(contents: ArchiveContents, files: RestoreFiles): AsyncGenerator<FileToStage> {
  let number = 0;
  for await (const record of fileRecords(contents)) {
    const wanted = fileToStage(contents.reader, record, number++);
    if (files.areas[wanted.file.area] !== undefined) yield wanted;
  }
}

async function* inBatches(
  wanted: AsyncIterable<FileToStage>,
  label: string,
  places: ZipPlaces,
): AsyncGenerator<ZipFileToStage[]> {
  let batch: ZipFileToStage[] = [];
  let bytes = 0;
  for await (const one of wanted) {
    const place = places.placeOf(one.entryName);
    if (place === undefined)
      throw damagedError(label, { what: "missing entry", entry: one.entryName, expected: "the entry", found: "none" });
    batch.push({ wanted: one, place });
    bytes += one.sizeBytes;
    if (bytes < batchBytes && batch.length < batchFiles) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

/** Fonts that the archive does not hold, and tile caches, which belong to the data that goes. */
async function staleFiles(contents: ArchiveContents, files: RestoreFiles): Promise<PlannedFile[]> {
  const fonts = new Set<string>();
  for await (const { record } of readRecords(contents, "core"))
    if ("filename" in record.payload) fonts.add(record.payload.filename);
  const stale: PlannedFile[] = [];
  for (const path of await namesIn(files, "fonts"))
    if (isFontName(path) && !fonts.has(path)) stale.push({ area: "fonts", path, number: stale.length });
  for (const path of await namesIn(files, "tiles")) stale.push({ area: "tiles", path, number: stale.length });
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
