import type { Application } from "../../applications/application.ts";
import { componentIndexName, listEntryName, tocEntryName } from "../../archive/entry-names.ts";
import { createManifestBuilder, type ManifestBuilder } from "../../archive/manifest.ts";
import { digestOfComment } from "../../archive/manifest-types.ts";
import type { ArchiveWriter } from "../../archive/writer.ts";
import { BufferPool } from "../../buffer-pool.ts";
import type { Context } from "../../context.ts";
import { signBytes } from "../../encryption/signature.ts";
import { AppError } from "../../errors.ts";
import type { StorageFolders } from "../../files/storage-layout.ts";
import { encodeToc } from "../../postgres/toc-encode.ts";
import { encodeList } from "../../postgres/toc-list.ts";
import { type Reporter, startStage } from "../../progress.ts";
import type { RateLimit } from "../../rate-limit.ts";
import type { BackupRequest } from "./backup-request.ts";
import type { BackupBase } from "./base/backup-base.ts";
import type { KeptRows } from "./base/kept-rows.ts";
import { UntouchedPieces } from "./base/untouched-pieces.ts";
import { BlobCrew } from "./blob-threads/blob-crew.ts";
import { blockBytes } from "./block-size.ts";
import { type DumpedBlobs, dumpBlobs } from "./dump-blobs.ts";
import { dumpFonts } from "./dump-fonts.ts";
import { dumpLargeObjects } from "./dump-large-objects.ts";
import { dumpTables } from "./dump-tables.ts";
import type { BackupEstimate } from "./estimate.ts";
import { expectBackup } from "./expected-stages.ts";
import { type PinnedSnapshot, closePinned } from "./pinned-snapshot.ts";
import { manifestHeader } from "./manifest-header.ts";
import { plainEntry } from "./plain-entry.ts";
import { type PlannedSnapshot, reasonOf, takePlannedSnapshot } from "./planned-snapshot.ts";
import type { SavedTable } from "./saved-tables.ts";
import { type RowsToKeep, rowsToKeep } from "./rows-to-keep.ts";
import { tablesWithRows } from "./table-plan.ts";

/** Bytes in flight between the server, the compressor and the archive. */
const inFlightBytes = 24 * 1024 * 1024;

/** What {@link writeBackup} needs. */
export interface WriteBackupOptions {
  request: BackupRequest;
  /** What earlier archives hold already. */
  base: BackupBase;
  /** What is remembered of the rows of the archive that is referred to. */
  keptRows: KeptRows | undefined;
  application: Application;
  pgDumpPath: string;
  folders: StorageFolders;
  /** Finished or aborted here. */
  writer: ArchiveWriter;
  /** Tables as they were before the snapshot. */
  saved: readonly SavedTable[];
  estimate: BackupEstimate;
  startedAt: Date;
  context: Context;
  reporter: Reporter;
}

/** What was written. */
export interface WrittenBackup {
  snapshotAt: Date;
  sizeBytes: number;
  tables: number;
  rows: number;
  tableBytes: number;
  /** Of these, rows that were not read, since nobody has touched them after the archive that is referred to. */
  untouchedTableBytes: number;
  blobs: number;
  blobBytes: number;
  fonts: number;
  largeObjects: number;
  losses: number;
}

/** A finished backup, and what can still be written of it. */
export interface FinishedBackup {
  written: WrittenBackup;
  /** Writes its manifest and its list of blobs into something else; gives the archive's comment. */
  copyManifest(writer: ArchiveWriter): Promise<string>;
  /** What is worth remembering of its rows. */
  rows: RowsToKeep | undefined;
}

/** Takes the snapshot and writes the archive; nothing is left of it when anything fails. */
export async function writeBackup(options: WriteBackupOptions): Promise<FinishedBackup> {
  const { context, writer, reporter } = options;
  let pinned: PinnedSnapshot | undefined;
  const crew = new BlobCrew(options.request.jobs, context.isRoot);
  try {
    reporter.report({ type: "plan", stages: expectBackup(options.estimate) });
    const planned = await takePlannedSnapshot(options, crew);
    pinned = planned.pinned;
    return await writeEntries(options, planned, crew);
  } catch (error) {
    // What fails while giving up must not hide why.
    await writer.abort().catch(() => undefined);
    context.signal.throwIfAborted();
    throw pinned === undefined ? error : await reasonOf(error, pinned.snapshot);
  } finally {
    await crew.close();
    if (pinned !== undefined) await closePinned(pinned);
  }
}

async function writeEntries(
  options: WriteBackupOptions,
  { pinned, plan, facts, rowFacts, encoding, codec, readLimit }: PlannedSnapshot,
  crew: BlobCrew,
): Promise<FinishedBackup> {
  const { request, writer, reporter, context, folders } = options;
  const { toc, leftOut, tables, locked } = plan;
  const { snapshot } = pinned;
  const { signal } = context;
  const settings = request.settings.database;
  const manifest = createManifestBuilder((referred) => manifestHeader(options, snapshot, facts, leftOut, referred));
  await writer.addDirectory("postgres/");
  await addSmallEntry(writer, manifest, tocEntryName, encodeToc(toc));
  await addSmallEntry(writer, manifest, listEntryName, encodeList(toc));
  const buffers = new BufferPool(blockBytes);
  const rows = await dumpTables({
    writer,
    manifest,
    settings,
    snapshot,
    encoding,
    tables,
    locked,
    codec,
    level: request.level,
    earlier: options.base.rows,
    untouched: request.reread ? undefined : UntouchedPieces.since(options.keptRows, rowFacts),
    jobs: request.jobs,
    buffers,
    limitBytes: inFlightBytes,
    readLimit,
    progress: startStage(
      reporter,
      "rows",
      tables.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    ),
    signal,
  });
  const largeObjects = await dumpLargeObjects({
    writer,
    manifest,
    snapshot,
    toc,
    codec,
    level: request.level,
    earlier: options.base.rows,
    readLimit,
    signal,
  });
  await writer.addDirectory("component/");
  const blobs = await writeBlobs(options, manifest, pinned, crew, buffers, readLimit);
  // Reading back needs the memory.
  await crew.close();
  const fonts = await dumpFonts(writer, manifest, folders.fontFolder, context.isRoot, (message) =>
    reporter.report({ type: "warning", code: "font-unreadable", message }),
  );
  signal.throwIfAborted();
  snapshot.ensureAlive();
  const { losses } = manifest.totals;
  if (request.strict && losses > 0)
    throw new AppError(
      "losses",
      `${losses} ${losses === 1 ? "file is" : "files are"} missing or damaged, and --strict was given: no archive was written`,
      {
        hints: ["leave --strict out to back up everything else"],
      },
    );
  await options.base.confirm();
  startStage(reporter, "finish");
  const { signKey } = request;
  const ending = await manifest.writeTo(writer, signKey && ((bytes) => signBytes(bytes, signKey)));
  await writer.finish(ending.comment);
  const written: WrittenBackup = {
    snapshotAt: snapshot.takenAt,
    sizeBytes: writer.bytesWritten,
    tables: tablesWithRows(toc).length,
    rows: rows.rows,
    tableBytes: rows.plainBytes,
    untouchedTableBytes: rows.untouchedBytes,
    blobs: blobs.blobs,
    blobBytes: blobs.plainBytes,
    fonts,
    largeObjects,
    losses,
  };
  return {
    written,
    async copyManifest(other) {
      await blobs.index?.copyTo(other, componentIndexName("file_storage"));
      return await manifest.copyTo(other);
    },
    rows: rowsToKeep(digestOfComment(ending.comment), rowFacts, rows.cuts),
  };
}

async function addSmallEntry(
  writer: ArchiveWriter,
  manifest: ManifestBuilder,
  name: string,
  content: Buffer,
): Promise<void> {
  const entry = await writer.addEntry(name, content, { deflate: true });
  manifest.addEntry(plainEntry(entry));
}

async function writeBlobs(
  options: WriteBackupOptions,
  manifest: ManifestBuilder,
  { snapshot, pins }: PinnedSnapshot,
  crew: BlobCrew,
  buffers: BufferPool,
  readLimit: RateLimit | undefined,
): Promise<Omit<DumpedBlobs, "index"> & Partial<DumpedBlobs>> {
  const { request, application, reporter, estimate } = options;
  if (pins === undefined) return { blobs: 0, plainBytes: 0 };
  const earlier = options.base.blobs();
  try {
    return await dumpBlobs({
      earlier,
      reread: request.reread,
      writer: options.writer,
      manifest,
      crew,
      buffers,
      pins,
      records: application.listBlobs(snapshot.client),
      packing: { compression: request.compression, level: request.level },
      limitBytes: inFlightBytes,
      readLimit,
      progress: startStage(reporter, "blobs", estimate.blobBytes),
      signal: options.context.signal,
      onLoss: (loss) => {
        const found =
          loss.kind === "size" ? `expected ${loss.expected}, found ${loss.found}` : (loss.found ?? "no such file");
        reporter.report({
          type: "warning",
          code: `blob-${loss.kind}`,
          message: `blob ${loss.what} is ${loss.kind === "size" ? "of another size than its row" : loss.kind}: ${found}`,
        });
      },
      onOddity: (what, oddity) =>
        reporter.report({ type: "warning", code: "blob-odd", message: `blob ${what}: ${oddity}` }),
    });
  } finally {
    await earlier?.close();
    // Reading back needs the memory.
    await options.base.close();
  }
}
