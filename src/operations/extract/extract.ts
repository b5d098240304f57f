import { resolve } from "node:path";
import { damagedError } from "../../archive/damage.ts";
import type { ArchiveReader } from "../../archive/reader.ts";
import type { ByteSink } from "../../bytes.ts";
import { AppError, DamagedError, RefusedError, UsageError, messageOf } from "../../errors.ts";
import { type StageProgress, startStage } from "../../progress.ts";
import { createOpenFileSink, fileBehind } from "../../stores/open-file-sink.ts";
import { createStreamSink } from "../../stores/stream-sink.ts";
import { sortEntries } from "../contents/archive-contents.ts";
import { namedDamage } from "../contents/named-damage.ts";
import { latestArchive } from "../list/latest-archive.ts";
import { latestName } from "../list/latest-name.ts";
import { openArchive } from "../open-archive.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";
import { checkEntry } from "../verify/check-entry.ts";
import { entryPatterns } from "./entry-patterns.ts";
import { ExtractFolder } from "./extract-folder.ts";
import { type NamedEntry, namedEntries } from "./named-entries.ts";

/** Damaged entries that an error names; warnings name all of them. */
const damagesShown = 20;

/** Which entries of which archive are asked for. */
export interface ExtractRequest {
  /** ARCHIVE of the command line, see `openArchive`; `latest`. */
  archive: string;
  /** See `entryPatterns`; none for all. */
  patterns: readonly string[];
}

/** A file that was written. */
export interface ExtractedFile {
  name: string;
  /** Absolute. */
  path: string;
  sizeBytes: number;
}

/**
 * What can be taken out of an archive, in its order.
 * @throws as {@link extract} does, but for writing
 */
export async function listExtractable(
  request: ExtractRequest,
  access: ArchiveAccess,
): Promise<Pick<NamedEntry, "name" | "sizeBytes" | "rows">[]> {
  return await withEntries(request, access, (_, entries) =>
    Promise.resolve(entries.map(({ name, sizeBytes, rows }) => ({ name, sizeBytes, rows }))),
  );
}

/**
 * Writes entries of an archive into a folder, each held against all that says what it should be before it gets its name. Of the
 * archive nothing is read but its end, its lists as far as they are needed, and the entries themselves.
 * @param to the folder; one that is missing is made
 * @throws RefusedError (exit 4) before anything is written: as `openArchive` does; nothing-matches; target-exists
 * @throws DamagedError (exit 5) when entries are damaged, after all that are not were written
 */
export async function extract(
  request: ExtractRequest & { to: string; overwrite: boolean },
  access: ArchiveAccess,
): Promise<ExtractedFile[]> {
  const { context, reporter } = access;
  const root = resolve(context.cwd, request.to);
  return await withEntries(request, access, async (reader, entries) => {
    const folder = new ExtractFolder(root, context.pid, request.overwrite);
    await folder.check(entries.map(({ path }) => path));
    const progress = startStage(reporter, "extract", storedBytesOf(entries));
    const files: ExtractedFile[] = [];
    const damages: string[] = [];
    for (const entry of entries)
      try {
        const { name, path, sizeBytes } = entry;
        await copyEntry(reader, entry, await folder.create(path), progress, context.signal);
        files.push({ name, path: resolve(root, path), sizeBytes });
      } catch (error) {
        context.signal.throwIfAborted();
        if (!(error instanceof DamagedError)) throw error;
        reporter.report({ type: "warning", code: "damaged", message: messageOf(error) });
        damages.push(entry.name);
      }
    if (damages.length === 0) return files;
    throw new DamagedError(
      "extract-damaged",
      `${damages.length} of ${entries.length} entries of ${reader.label} are damaged; the others are in ${root}`,
      { details: damages.slice(0, damagesShown), hints: [`ngwbackup verify ${reader.label} lists all that is wrong`] },
    );
  });
}

/**
 * Writes a single entry to stdout. It is proven at its end only: what came out before an error is worth nothing.
 * @throws UsageError when not exactly one entry is asked for; else as {@link extract}
 */
export async function extractToStdout(request: ExtractRequest, access: ArchiveAccess): Promise<NamedEntry> {
  const { stdout, signal } = access.context;
  return await withEntries(request, access, async (reader, entries) => {
    const [entry] = entries;
    if (entry === undefined || entries.length > 1)
      throw new UsageError("extract-stdout", `${entries.length} entries are asked for, and stdout takes one`, {
        details: entries.slice(0, damagesShown).map(({ name }) => name),
        hints: ["name a single one", "or write them into a folder: --to FOLDER"],
      });
    const fd = fileBehind(stdout);
    const sink = fd === undefined ? createStreamSink(stdout) : createOpenFileSink(fd, "stdout");
    const progress = startStage(access.reporter, "extract", storedBytesOf(entries));
    await copyEntry(reader, entry, sink, progress, signal);
    return entry;
  });
}

async function withEntries<Result>(
  { archive, patterns }: ExtractRequest,
  access: ArchiveAccess,
  use: (reader: ArchiveReader, entries: NamedEntry[]) => Promise<Result>,
): Promise<Result> {
  const { reader } = await openArchive(archive === latestName ? await latestArchive(access) : archive, access);
  try {
    const wanted = entryPatterns(patterns);
    const entries: NamedEntry[] = [];
    for await (const entry of namedEntries(await sortEntries(reader), wanted)) {
      access.context.signal.throwIfAborted();
      entries.push(entry);
    }
    const [first, ...others] = wanted.unmatched();
    if (first === undefined) return await use(reader, entries);
    throw new RefusedError("nothing-matches", `${reader.label} holds nothing that is called ${first}`, {
      details: others.map((pattern) => `nor ${pattern}`),
      hints: [`see what it holds: ngwbackup extract --list ${archive}`],
    });
  } finally {
    await reader.close();
  }
}

/** Copies an entry's plain content, and finishes the sink when it is proven; aborts it otherwise. */
async function copyEntry(
  reader: ArchiveReader,
  { check }: NamedEntry,
  sink: ByteSink,
  progress: StageProgress,
  signal: AbortSignal,
): Promise<void> {
  const { name } = check.entry;
  try {
    const [damage] = await checkEntry(
      check,
      reader.read(name, { signal }),
      (bytes) => progress.advance(bytes),
      async (chunk) => {
        signal.throwIfAborted();
        await sink.write(chunk);
      },
    );
    if (damage !== undefined) throw damagedError(reader.label, damage);
    await sink.finish();
  } catch (error) {
    // What fails while giving up must not hide why.
    await sink.abort().catch(() => undefined);
    throw error instanceof AppError ? namedDamage(reader.label, name, error) : error;
  }
}

function storedBytesOf(entries: readonly NamedEntry[]): number {
  return entries.reduce((sum, { check }) => sum + check.entry.contentBytes, 0);
}
