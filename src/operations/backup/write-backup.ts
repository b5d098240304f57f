import { randomBytes } from "node:crypto";
import type { Application } from "../../applications/application.ts";
import type { Codec } from "../../archive/codec.ts";
import { listEntryName, tocEntryName } from "../../archive/entry-names.ts";
import { createManifestBuilder, type ManifestBuilder, type ManifestHeader } from "../../archive/manifest.ts";
import type { ArchiveWriter } from "../../archive/writer.ts";
import { BufferPool } from "../../buffer-pool.ts";
import type { Context } from "../../context.ts";
import { AppError } from "../../errors.ts";
import type { StorageFolders } from "../../files/storage-layout.ts";
import { type TablePiece, planPieces } from "../../postgres/ctid-pieces.ts";
import { dumpToc } from "../../postgres/dump-toc.ts";
import { listMarkedSchemas } from "../../postgres/in-place/markers.ts";
import { qualifiedName } from "../../postgres/quoting.ts";
import { type Snapshot, type TableName, dumpEncoding, lockTables } from "../../postgres/snapshot.ts";
import { encodeToc } from "../../postgres/toc-encode.ts";
import { encodeList } from "../../postgres/toc-list.ts";
import type { Toc } from "../../postgres/toc.ts";
import { type Reporter, startStage } from "../../progress.ts";
import { type RateLimit, rateLimit } from "../../rate-limit.ts";
import { toolVersion } from "../../version.ts";
import { standBack } from "../stand-back.ts";
import type { BackupRequest } from "./backup.ts";
import { BlobCrew } from "./blob-threads/blob-crew.ts";
import { blockBytes } from "./block-size.ts";
import { dumpBlobs } from "./dump-blobs.ts";
import { dumpFonts } from "./dump-fonts.ts";
import { dumpLargeObjects } from "./dump-large-objects.ts";
import { dumpTables } from "./dump-tables.ts";
import type { BackupEstimate } from "./estimate.ts";
import { expectBackup } from "./expected-stages.ts";
import { takePinnedSnapshot, type PinnedSnapshot } from "./pinned-snapshot.ts";
import { plainEntry } from "./plain-entry.ts";
import { readDatabaseFacts } from "./server-facts.ts";
import { tablesWithRows, withoutTransientRows } from "./table-plan.ts";

/** Bytes in flight between the server, the compressor and the archive. */
const inFlightBytes = 24 * 1024 * 1024;
/** How long tables that somebody alters are waited for. */
const tableLockMs = 60_000;
/** Heap that one COPY takes; with its TOAST it may be more. */
const pieceBytes = 24 * 1024 * 1024;

/** What {@link writeBackup} needs. */
export interface WriteBackupOptions {
  request: BackupRequest;
  application: Application;
  pgDumpPath: string;
  folders: StorageFolders;
  /** Finished or aborted here. */
  writer: ArchiveWriter;
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
  blobs: number;
  blobBytes: number;
  fonts: number;
  largeObjects: number;
  losses: number;
}

/** Takes the snapshot and writes the archive; nothing is left of it when anything fails. */
export async function writeBackup(options: WriteBackupOptions): Promise<WrittenBackup> {
  const { context, writer, reporter } = options;
  let pinned: PinnedSnapshot | undefined;
  const crew = new BlobCrew(options.request.jobs);
  try {
    reporter.report({ type: "plan", stages: expectBackup(options.estimate) });
    startStage(reporter, "snapshot");
    pinned = await takePinnedSnapshot({
      settings: options.request.settings.database,
      application: options.application,
      folders: options.folders,
      runId: randomBytes(6).toString("hex"),
      pid: context.pid,
      makers: crew,
      signal: context.signal,
    });
    for (const note of pinned.notes) reporter.report({ type: "message", message: note });
    // Not sooner: while files are linked, uploads wait for us.
    await standBack(options.request.priority, context, reporter);
    return await writeEntries(options, pinned, crew);
  } catch (error) {
    // What fails while giving up must not hide why.
    await writer.abort().catch(() => undefined);
    context.signal.throwIfAborted();
    throw error;
  } finally {
    await crew.close();
    await pinned?.snapshot.close();
    // The next run removes what is left here.
    await pinned?.pins?.release().catch(() => undefined);
  }
}

async function writeEntries(
  options: WriteBackupOptions,
  pinned: PinnedSnapshot,
  crew: BlobCrew,
): Promise<WrittenBackup> {
  const { request, writer, reporter, context, folders } = options;
  const { snapshot } = pinned;
  const { signal } = context;
  const settings = request.settings.database;
  const encoding = await dumpEncoding(snapshot.client);
  const { toc, leftOut, pieces, locked } = await readToc(options, snapshot, encoding);
  const manifest = createManifestBuilder(await manifestHeader(options, snapshot, leftOut));
  await writer.addDirectory("postgres/");
  await addSmallEntry(writer, manifest, tocEntryName, encodeToc(toc));
  await addSmallEntry(writer, manifest, listEntryName, encodeList(toc));
  const codec: Codec = request.compression === "deflate" ? "gzip" : request.compression;
  const buffers = new BufferPool(blockBytes);
  const readLimit = rateLimit(request.readRate, signal);
  const rows = await dumpTables({
    writer,
    manifest,
    settings,
    snapshot,
    encoding,
    tables: pieces,
    locked,
    codec,
    level: request.level,
    jobs: request.jobs,
    buffers,
    limitBytes: inFlightBytes,
    readLimit,
    progress: startStage(
      reporter,
      "rows",
      pieces.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
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
    readLimit,
    signal,
  });
  await writer.addDirectory("component/");
  const blobs = await writeBlobs(options, manifest, pinned, crew, buffers, readLimit);
  const fonts = await dumpFonts(writer, manifest, folders.fontFolder, (message) =>
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
  startStage(reporter, "finish");
  const written = await manifest.writeTo(writer);
  await writer.finish(written.comment);
  return {
    snapshotAt: snapshot.takenAt,
    sizeBytes: writer.bytesWritten,
    tables: tablesWithRows(toc).length,
    rows: rows.rows,
    tableBytes: rows.plainBytes,
    blobs: blobs.blobs,
    blobBytes: blobs.plainBytes,
    fonts,
    largeObjects,
    losses,
  };
}

/** What is to be saved of the database. */
interface DumpPlan {
  toc: Toc;
  leftOut: TableName[];
  pieces: TablePiece[];
  /** Whether every table is locked until the snapshot ends. */
  locked: boolean;
}

/**
 * Reads the table of contents and plans the pieces, with every table that it names locked by us before pg_dump lets go of
 * it. Where the server has no room for that (some 9,000 tables at its default settings), the tables are looked at after
 * they were copied instead.
 */
async function readToc(options: WriteBackupOptions, snapshot: Snapshot, encoding: string): Promise<DumpPlan> {
  const { request, application, reporter } = options;
  const { client } = snapshot;
  const ours = await listMarkedSchemas(client);
  if (ours.length > 0)
    reporter.report({
      type: "message",
      message: `left out: ${ours.map(({ schema }) => schema).join(", ")}, which a restore in place keeps for its undo`,
    });
  let plan: DumpPlan | undefined;
  await dumpToc({
    settings: request.settings.database,
    pgDumpPath: options.pgDumpPath,
    snapshot: snapshot.id,
    encoding,
    excludeSchemas: ours.map(({ schema }) => schema),
    async whileLocked(found) {
      const locked = await lockTables(client, tablesWithRows(found), tableLockMs);
      const { toc, leftOut } = withoutTransientRows(found, application);
      plan = { toc, leftOut, pieces: await planPieces(client, toc, { pieceBytes }), locked };
    },
    signal: options.context.signal,
  });
  if (plan === undefined) throw new Error("dumpToc has not shown the table of contents");
  if (!plan.locked)
    reporter.report({
      type: "message",
      message:
        "the server has no room for a lock on every table (max_locks_per_transaction): a layer that is deleted or rewritten during the backup fails it",
    });
  return plan;
}

async function manifestHeader(
  options: WriteBackupOptions,
  snapshot: Snapshot,
  leftOut: { schema: string; name: string }[],
): Promise<ManifestHeader> {
  const { application, request } = options;
  return {
    type: "header",
    format: 1,
    tool: "ngwbackup",
    toolVersion,
    createdAt: options.startedAt.toISOString(),
    snapshotAt: snapshot.takenAt.toISOString(),
    application: { name: application.name },
    instanceId: await application.instanceId(snapshot.client),
    database: await readDatabaseFacts(snapshot.client),
    migrations: await application.appliedMigrations(snapshot.client),
    options: { compression: request.compression, level: request.level ?? null },
    excludedRows: leftOut.map(({ schema, name }) => qualifiedName(schema, name)),
    base: null,
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
): Promise<{ blobs: number; plainBytes: number }> {
  const { request, application, reporter, estimate } = options;
  if (pins === undefined) return { blobs: 0, plainBytes: 0 };
  return await dumpBlobs({
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
  });
}
