import { nextgisweb } from "../applications/nextgisweb.ts";
import type { Settings } from "../config/settings.ts";
import type { Context } from "../context.ts";
import { AppError, DamagedError, RefusedError } from "../errors.ts";
import type { Finding } from "../finding.ts";
import { readAppliedRevisions } from "../migrations/applied.ts";
import { readCatalog } from "../migrations/catalog.ts";
import { fitFindings } from "../migrations/fit.ts";
import {
  type ApplicationSearch,
  findInstalledApplication,
  type InstalledApplication,
} from "../migrations/installed-application.ts";
import type { AppliedRevision } from "../migrations/migration.ts";
import { type MigrationStatus, migrationStatus } from "../migrations/status.ts";
import { connect } from "../postgres/connection.ts";
import { type ArchiveContents, readContents, tableDataEntries } from "./contents/archive-contents.ts";
import { readPlain } from "./contents/read-data.ts";
import { openArchive } from "./open-archive.ts";
import type { ArchiveAccess } from "./stores/archive-access.ts";

/** What the outside must give to find the installed application. */
export type Surroundings = Pick<Context, "env" | "cwd" | "signal">;

/** Applied migrations of a database or an archive against those of the installed application. */
export interface MigrationReport {
  application: InstalledApplication;
  status: MigrationStatus;
}

/** Command that applies pending migrations, for hints. */
export const upgradeCommand = "ngwbackup migrations upgrade --no-dry-run";

/** Where the configuration says that the installed application is. */
export function applicationSearch(settings: Settings, { env, cwd, signal }: Surroundings): ApplicationSearch {
  const own = settings.ngwbackup;
  return {
    env,
    cwd,
    signal,
    ...(own.applicationCommand === undefined ? {} : { command: own.applicationCommand }),
    ...(own.applicationPython === undefined ? {} : { python: own.applicationPython }),
    ...(own.applicationMigrations === undefined ? {} : { migrationFolders: own.applicationMigrations }),
  };
}

/**
 * Applied migrations of an archive: from its manifest, else from the rows of its table.
 * @returns null when the archive's application keeps none
 * @throws DamagedError when the rows are damaged
 */
export async function appliedInArchive(contents: ArchiveContents): Promise<AppliedRevision[] | null> {
  const listed = contents.manifest?.header.migrations ?? null;
  if (listed !== null) return listed;
  const table = nextgisweb.migrationTable;
  const entry = tableDataEntries(contents.toc).find(
    ({ namespace, tag }) => namespace === table?.schema && tag === table?.name,
  );
  const data = entry === undefined ? undefined : contents.tables.get(entry.dumpId);
  if (entry === undefined || data === undefined) return null;
  const label = `${contents.reader.label}: entry ${data.name}`;
  return readAppliedRevisions(entry.copyStatement ?? "", readPlain(contents.reader, data), label);
}

/**
 * Applied migrations of the configured database.
 * @returns null when its application keeps none
 */
export async function appliedInDatabase(settings: Settings): Promise<AppliedRevision[] | null> {
  const client = await connect(settings.database);
  try {
    return await nextgisweb.appliedMigrations(client);
  } finally {
    await client.end();
  }
}

/**
 * Compares the configured database with the installed application.
 * @throws RefusedError when the database keeps no migrations or no application is found
 * @throws MigrationTreeError when the application's migrations do not fit together
 */
export async function databaseMigrations(settings: Settings, surroundings: Surroundings): Promise<MigrationReport> {
  const applied = await appliedInDatabase(settings);
  if (applied === null)
    throw new RefusedError("no-migrations", "the database keeps no migrations: it has no table core_migration", {
      hints: ["name the database of a NextGIS Web instance: ngwbackup config shows which one is configured"],
    });
  return compareWithInstalled(applied, settings, surroundings);
}

/**
 * Compares an archive with the installed application.
 * @param archive see `openArchive`
 * @throws RefusedError when the archive holds no migrations or no application is found
 * @throws DamagedError when it is no archive, or damaged
 * @throws MigrationTreeError when the application's migrations do not fit together
 */
export async function archiveMigrations(archive: string, access: ArchiveAccess): Promise<MigrationReport> {
  const { reader } = await openArchive(archive, access);
  try {
    const applied = await appliedInArchive(await readContents(reader));
    if (applied === null)
      throw new RefusedError("no-migrations", `${reader.label} holds no migrations: it has no table core_migration`);
    return await compareWithInstalled(applied, await access.load(), access.context);
  } finally {
    await reader.close();
  }
}

/**
 * Whether an archive fits the installed application, for the preflight of its restore. Never refuses: without an
 * application that can be asked it says so.
 * @returns also how many migrations would have to be applied afterwards; undefined when that is not known
 * @throws DamagedError when the archive's rows are damaged
 */
export async function archiveFitFindings(
  contents: ArchiveContents,
  settings: Settings,
  surroundings: Surroundings,
): Promise<{ findings: Finding[]; pending: number | undefined }> {
  const applied = await appliedInArchive(contents);
  if (applied === null) return { findings: [], pending: undefined };
  try {
    const { status } = await compareWithInstalled(applied, settings, surroundings);
    return { findings: fitFindings(status, upgradeCommand), pending: status.pending.length };
  } catch (error) {
    surroundings.signal.throwIfAborted();
    if (!(error instanceof AppError) || error instanceof DamagedError) throw error;
    const hint = error.hints.join("\n");
    const finding: Finding = {
      level: "warn",
      check: "installed-application",
      message: `the archive cannot be compared with the installed application: ${error.message}`,
      ...(error.details.length === 0 ? {} : { details: error.details }),
      ...(hint === "" ? {} : { hint }),
    };
    return { findings: [finding], pending: undefined };
  }
}

async function compareWithInstalled(
  applied: readonly AppliedRevision[],
  settings: Settings,
  surroundings: Surroundings,
): Promise<MigrationReport> {
  const application = await findInstalledApplication(applicationSearch(settings, surroundings));
  const catalog = await readCatalog(application.components, { complete: application.complete });
  return { application, status: migrationStatus(catalog, applied) };
}
