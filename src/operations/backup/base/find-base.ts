import { basename, dirname, resolve } from "node:path";
import type { Application } from "../../../applications/application.ts";
import type { BaseArchive, ManifestHeader } from "../../../archive/manifest.ts";
import { readManifestHeader } from "../../../archive/manifest-scan.ts";
import { placeHint } from "../../../config/place-options.ts";
import { AppError, DamagedError, RefusedError, UsageError, messageOf } from "../../../errors.ts";
import { forEachAtOnce } from "../../../for-each-at-once.ts";
import { joinLocation, parseLocation } from "../../../stores/location.ts";
import { findFolder } from "../../open-archive.ts";
import { withoutLinks } from "../../chain/base-names.ts";
import { archivesIn } from "../../list/archives-in.ts";
import type { ArchiveAccess } from "../../stores/archive-access.ts";
import type { BackupTarget } from "../target.ts";
import { type BackupBase, noBase, noManifest, readBase } from "./backup-base.ts";
import { asRefusal, lookForArchives, openForHeader, openToRefer } from "./open-to-refer.ts";

/** Which archive a backup may refer to. */
export interface BaseRequest {
  /** ARCHIVE of `--base`, or `latest`. */
  base: string;
  target: BackupTarget;
  /** Where archives are kept, for `latest` when the target is no place. */
  defaultPlace: string | undefined;
  application: Pick<Application, "name">;
  instanceId: string | null;
  databaseName: string;
  /** Folder of what is kept of archives that cannot be read here; undefined: nothing is. */
  keptFolder: string | undefined;
}

/** A manifest is read line by line, so that a bomb costs time alone; what a sound one may have its reader's entries do not tell. */
const manifestLimitBytes = 2 ** 33;

/** Archives that are opened at once. */
const openedAtOnce = 8;

/**
 * Finds the archive that a backup is to refer to, and reads what it says. The caller closes it.
 * @throws RefusedError (exit 4), DamagedError (exit 5) for one that cannot be referred to
 */
export async function findBase(request: BaseRequest, access: ArchiveAccess): Promise<BackupBase> {
  return request.base === "latest" ? await findLatest(request, access) : await openBase(request.base, request, access);
}

async function openBase(name: string, request: BaseRequest, access: ArchiveAccess): Promise<BackupBase> {
  if (name === "-") throw new UsageError("base-stdin", "--base names an archive that stays, and - is a stream");
  if ((await findFolder(name, access)) !== undefined)
    throw new RefusedError("base-unfit", `${name} is a folder, and only an archive that is a file can be referred to`, {
      hints: ["make a full backup without --no-zip, and refer to that"],
    });
  const reader = await openToRefer(name, request.keptFolder, access);
  const { cwd } = access.context;
  const realName = await withoutLinks(name, cwd);
  try {
    const header = await readManifestHeader(reader);
    if (header === undefined) throw asRefusal(noManifest(reader.label));
    const problem = misfit(header, request);
    if (problem !== undefined)
      throw new RefusedError("base-unfit", `${reader.label} cannot be referred to: ${problem}`, {
        hints: ["leave --base out for a full backup", "or name another archive of this instance"],
      });
    const base = await readBase(reader, fileNameOf(realName), manifestLimitBytes);
    if (await isBeside(realName, request.target, cwd)) refuseOverwriting(base.archives, request.target);
    else warnApart(name, access);
    return { ...base, confirm: () => lookForArchives(base.archives, "the new archive", realName, access) };
  } catch (error) {
    await reader.close();
    throw error instanceof DamagedError ? asRefusal(error) : error;
  }
}

function refuseOverwriting(archives: readonly BaseArchive[], target: BackupTarget): void {
  if (target.kind === "stdout") return;
  const fileName = target.kind === "store" ? target.location.name : basename(target.path);
  if (!archives.some((archive) => archive.fileName === fileName)) return;
  throw new RefusedError("base-is-target", `the new archive would replace ${fileName}, which it refers to`, {
    hints: ["name another target"],
  });
}

/** Why an archive cannot be referred to; undefined when it can. */
function misfit(header: ManifestHeader, request: BaseRequest): string | undefined {
  const { application, instanceId, databaseName } = request;
  const isSame =
    header.application.name === application.name &&
    header.instanceId === instanceId &&
    (instanceId !== null || header.database.name === databaseName);
  if (!isSame)
    return `it is of another instance (expected ${instanceId ?? `database ${databaseName}`}, found ${header.instanceId ?? `database ${header.database.name}`})`;
  const { compression } = header.options;
  return compression === "zstd" ? undefined : `it was made with --compression ${compression}, not zstd`;
}

function fileNameOf(name: string): string {
  const location = parseLocation(name);
  return location.kind === "s3" || location.kind === "rclone" ? (location.name ?? "") : basename(name);
}

/** The place that a target is in; undefined for stdout. */
function placeOf(target: BackupTarget): string | undefined {
  switch (target.kind) {
    case "stdout":
      return undefined;
    case "file":
    case "folder":
      return dirname(target.path);
    case "store":
      return joinLocation(target.location.root, "");
  }
}

async function isBeside(name: string, target: BackupTarget, cwd: string): Promise<boolean> {
  const place = placeOf(target);
  if (place === undefined) return true;
  const location = parseLocation(name);
  return target.kind === "store"
    ? location.kind !== "local" && location.kind !== "stdio" && location.root === target.location.root
    : location.kind === "local" && dirname(resolve(cwd, location.path)) === (await withoutLinks(place, cwd));
}

function warnApart(name: string, { reporter }: ArchiveAccess): void {
  reporter.report({
    type: "warning",
    code: "base-apart",
    message: `the new archive refers to ${name}, which is in another place: keep it, and set base.path in section [ngwbackup] to where it is`,
  });
}

/**
 * The newest archive of the same instance in the target's place that can be opened with all that it refers to; none, for a
 * full backup, where there is no such archive.
 */
async function findLatest(request: BaseRequest, access: ArchiveAccess): Promise<BackupBase> {
  const place = placeOf(request.target) ?? request.defaultPlace;
  if (place === undefined)
    throw new UsageError("no-folder", "--base latest looks beside the target, and - is in no folder", {
      hints: ["name the archive: --base ARCHIVE", placeHint],
    });
  const fitting: { path: string; snapshotAt: string; bases: number }[] = [];
  await forEachAtOnce(archivesIn(place, access), openedAtOnce, async ({ path, sizeBytes }) => {
    if (sizeBytes === undefined) return;
    const header = await headerOf(path, request, access);
    if (header === undefined || misfit(header, request) !== undefined) return;
    fitting.push({ path, snapshotAt: header.snapshotAt, bases: header.base?.length ?? 0 });
  });
  // Of two of one moment, as consolidate makes them, the one that needs no other is taken.
  fitting.sort((a, b) => Date.parse(b.snapshotAt) - Date.parse(a.snapshotAt) || a.bases - b.bases);
  for (const { path } of fitting)
    try {
      return await openBase(path, request, access);
    } catch (error) {
      access.context.signal.throwIfAborted();
      if (!(error instanceof AppError)) throw error;
      const message = `${path} is passed over for --base latest: ${messageOf(error)}`;
      access.reporter.report({ type: "warning", code: "base-passed-over", message });
    }
  // A timer must not go without a backup because the archives before it are gone.
  access.reporter.report({
    type: "warning",
    code: "base-missing",
    message: `there is no archive in ${place} that this backup could refer to, so it is a full one`,
  });
  return noBase(true);
}

/** Undefined for what cannot be read, which is not what is looked for. */
async function headerOf(
  path: string,
  { keptFolder }: BaseRequest,
  access: ArchiveAccess,
): Promise<ManifestHeader | undefined> {
  try {
    const reader = await openForHeader(path, keptFolder, access);
    try {
      return reader && (await readManifestHeader(reader));
    } finally {
      await reader?.close();
    }
  } catch (error) {
    // What is wrong with the keys concerns all of them.
    if (!(error instanceof AppError) || error instanceof UsageError) throw error;
    return undefined;
  }
}
