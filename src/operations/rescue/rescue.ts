import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describeDamage } from "../../archive/damage.ts";
import type { Settings } from "../../config/settings.ts";
import type { Context } from "../../context.ts";
import { AppError, DamagedError, RefusedError, messageOf } from "../../errors.ts";
import { freeSpaceAt } from "../../files/free-space.ts";
import { syncFileSystem } from "../../files/sync-files.ts";
import { type FreshDatabase, openFreshDatabase, rescueComment } from "../../postgres/rescue/fresh-database.ts";
import { type Reporter, startStage } from "../../progress.ts";
import { formatBytes, formatCount } from "../../terminal/format.ts";
import type { DecryptionChoice } from "../encryption/decryption.ts";
import { accessWith } from "../stores/archive-access.ts";
import { beside } from "../restore/database-ways.ts";
import { type DamagedContents, readDamagedContents } from "./damaged-contents.ts";
import type { Loss } from "./loss.ts";
import { LossList } from "./loss-list.ts";
import { openDamaged } from "./open-damaged.ts";
import { saveRawData } from "./raw-data.ts";
import { type RescuedDatabase, rescueDatabase } from "./rescue-database.ts";
import { type RescuedFiles, rescueFiles } from "./rescue-files.ts";
import { type RescueFolder, openRescueFolder } from "./rescue-folder.ts";

/** What is asked of a rescue. */
export interface RescueRequest {
  settings: Settings;
  /** ARCHIVE of the command line. */
  archive: string;
  /** What the command line says about an encrypted archive. */
  keys?: DecryptionChoice;
  /** Undefined: a fresh one beside the instance's. */
  database: string | undefined;
  /** Undefined: a fresh one. */
  folder: string | undefined;
  jobs: number;
}

/** What a rescue came to. */
export interface RescueOutcome extends RescuedFiles {
  /** Undefined when there is no sound table of contents. */
  database: string | undefined;
  folder: string;
  tables: number;
  rows: number;
  largeObjects: number;
  losses: readonly Loss[];
  /** What is wrong with the archive's structure, a line each. */
  damages: readonly string[];
}

/**
 * Takes what is sound out of a damaged archive into a fresh database and a fresh folder; the configured instance is not
 * touched. When it fails or is stopped, both are removed again.
 * @throws DamagedError when there is nothing that could be saved; RefusedError when database or folder are not fresh; any other
 * AppError says what is left
 */
export async function rescue(request: RescueRequest, context: Context, reporter: Reporter): Promise<RescueOutcome> {
  const { settings } = request;
  startStage(reporter, "search");
  const archive = await openDamaged(request.archive, accessWith(settings, context, reporter, request.keys));
  try {
    const contents = await readDamagedContents(archive);
    refuseIncremental(contents, archive.label);
    if (archive.entries.size === 0) throw nothingSaved(archive.label, archive.damages.map(describeDamage));
    const folder = await openRescueFolder(request.folder, settings, context);
    let database: FreshDatabase | undefined;
    try {
      await checkSpace(contents, folder.path);
      const { toc } = contents;
      if (toc !== undefined)
        database = await openFreshDatabase({
          settings: settings.database,
          ...beside(settings),
          name: request.database,
          toc,
          now: () => context.now(),
        });
      const outcome = await fill(contents, { folder, database, request, context, reporter });
      await database?.keep(rescueComment(archive.label, context.now()));
      return outcome;
    } catch (error) {
      const left = await takeBack(folder, database);
      context.signal.throwIfAborted();
      throw left.length === 0
        ? error
        : new AppError("rescue-failed", `${messageOf(error)}; left behind: ${left.join(", ")}`, { cause: error });
    }
  } finally {
    await archive.close();
  }
}

/** Most of what such an archive stands for is in others, which are read as they are, or not at all. */
function refuseIncremental({ manifest }: DamagedContents, label: string): void {
  const base = manifest.header?.base ?? [];
  if (base.length === 0) return;
  throw new RefusedError(
    "rescue-incremental",
    `${label} refers to other archives, and --rescue takes one that stands for itself`,
    {
      details: base.map(({ fileName, createdAt }) => `${fileName} of ${createdAt.slice(0, 19).replace("T", " ")} UTC`),
      hints: [
        `restore the newest of them that is sound: ngwbackup restore ${base[0]?.fileName}`,
        `or rescue the one that stands for itself: ngwbackup restore --rescue ${base.at(-1)?.fileName}`,
      ],
    },
  );
}

interface Destination {
  folder: RescueFolder;
  database: FreshDatabase | undefined;
  request: RescueRequest;
  context: Context;
  reporter: Reporter;
}

async function fill(contents: DamagedContents, destination: Destination): Promise<RescueOutcome> {
  const { folder, database, context, reporter } = destination;
  const { archive, toc } = contents;
  const losses = new LossList();
  const cut = archive.cutAtBytes;
  if (cut !== undefined && contents.manifest.state !== "sound")
    losses.add({
      kind: "unknown",
      what: "whatever stood behind its end",
      reason: `the archive is cut off at byte ${cut}`,
    });
  const before = contents.manifest.losses.length;
  if (before > 0)
    reporter.report({
      type: "message",
      message: `${formatCount(before)} files were missing when the backup was made already`,
    });
  let loaded: RescuedDatabase;
  if (toc === undefined || database === undefined) {
    const problem = contents.tocProblem ?? "none";
    const reason = `the table of contents is not sound (${problem}), so nothing tells how to make tables; rows are saved as text in tables/`;
    losses.add({ kind: "definitions", what: "all definitions", reason });
    const raw = await saveRawData(contents, folder.path, losses, startStage(reporter, "rows"));
    loaded = { ...raw, blobRows: undefined };
  } else
    loaded = await rescueDatabase(contents, toc, { ...destination, database, jobs: destination.request.jobs, losses });
  context.signal.throwIfAborted();
  const { blobRows, ...totals } = loaded;
  const progress = startStage(reporter, "files", fileBytesOf(contents));
  const files = await rescueFiles({
    contents,
    folder: folder.path,
    rows: blobRows,
    losses,
    progress,
    signal: context.signal,
  });
  if (toc === undefined && totals.rows === 0 && totals.largeObjects === 0 && files.files === 0 && files.unnamed === 0)
    throw nothingSaved(
      archive.label,
      losses.losses.map(({ what, reason }) => `${what}: ${reason}`),
    );
  startStage(reporter, "finish");
  await losses.writeTo(folder.path);
  const damages = archive.damages.map(describeDamage);
  if (damages.length > 0)
    await writeFile(join(folder.path, "damages.txt"), damages.map((line) => `${line}\n`).join(""), { mode: 0o600 });
  await folder.handOver();
  await syncFileSystem(folder.path);
  return { ...totals, ...files, database: database?.name, folder: folder.path, losses: losses.losses, damages };
}

function fileBytesOf({ records, archive }: DamagedContents): number {
  let bytes = 0;
  for (const members of records.values())
    for (const { name, listed } of members.values())
      bytes += listed?.plainBytes ?? archive.entries.get(name)?.storedBytes ?? 0;
  return bytes;
}

async function checkSpace(contents: DamagedContents, folder: string): Promise<void> {
  const needed = fileBytesOf(contents);
  const space = await freeSpaceAt(folder);
  if (space === undefined || space.freeBytes >= needed) return;
  throw new RefusedError(
    "no-space",
    `not enough space in ${folder}: files need ${formatBytes(needed)}, ${formatBytes(space.freeBytes)} are free`,
    { hints: ["name a folder on another disk by --rescue-folder"] },
  );
}

/** Removes folder and database, whatever of it fails. @returns what is left */
async function takeBack(folder: RescueFolder, database: FreshDatabase | undefined): Promise<string[]> {
  const left: string[] = [];
  if (database !== undefined) {
    const isGone = await database.discard().catch(() => false);
    if (!isGone) left.push(`database ${database.name}, partly filled`);
  }
  await folder.discard().catch(() => void left.push(`folder ${folder.path}`));
  return left;
}

function nothingSaved(label: string, details: readonly string[]): DamagedError {
  return new DamagedError("nothing-saved", `nothing could be saved of ${label}`, {
    details: details.slice(0, 20),
    hints: ["restore from another archive: ngwbackup list shows those of the configured place"],
  });
}
