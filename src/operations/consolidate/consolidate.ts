import type { KeyObject } from "node:crypto";
import { backupFileName } from "../../config/backup-file-name.ts";
import { readManifest } from "../../archive/manifest.ts";
import type { AgeRecipients } from "../../encryption/recipients.ts";
import { DamagedError, RefusedError } from "../../errors.ts";
import { startStage } from "../../progress.ts";
import { toolVersion } from "../../version.ts";
import { encryptedSuffix } from "../backup/encrypted-suffix.ts";
import { openTarget } from "../backup/open-target.ts";
import { type BackupTarget, resolveTarget } from "../backup/target.ts";
import { missingEntries } from "../verify/verify.ts";
import { readContents } from "../contents/archive-contents.ts";
import { openArchive } from "../open-archive.ts";
import type { ArchiveAccess } from "../stores/archive-access.ts";
import { type WrittenCopy, writeCopy } from "./write-copy.ts";

/** What is asked of a consolidation. */
export interface ConsolidateRequest {
  /** ARCHIVE of the command line, see `openArchive`. */
  archive: string;
  /** TARGET of the command line; undefined for the configured place. */
  target: string | undefined;
  /** Undefined: as the archive has it. */
  compression: "zstd" | "deflate" | "none" | undefined;
  level: number | undefined;
  overwrite: boolean;
  /** For whom the new archive is encrypted; undefined: it is not. */
  encryptFor: AgeRecipients | undefined;
  /** Whether one that was encrypted may become one that is not. */
  mayBePlain: boolean;
  /** Signs the manifest; undefined: it is not signed. */
  signKey: KeyObject | undefined;
}

/** What came of it. */
export interface Consolidated extends WrittenCopy {
  target: BackupTarget;
  /** File names of the archives that the consolidated one no longer needs, newest first. */
  base: readonly string[];
}

/**
 * Writes an archive that stands for itself out of one that refers to others, without the instance. Every byte is held against its
 * digest on the way; the new archive is complete and read back, or not there at all.
 * @throws as `openArchive` and `resolveTarget` do; DamagedError (exit 5) for bytes that are not as they were written
 */
export async function consolidate(request: ConsolidateRequest, access: ArchiveAccess): Promise<Consolidated> {
  const { context, reporter } = access;
  const settings = await access.load();
  const startedAt = context.now();
  const { encryptFor, signKey } = request;
  const { reader, encrypted } = await openArchive(request.archive, access);
  try {
    if (encrypted && encryptFor === undefined && !request.mayBePlain)
      throw new RefusedError(
        "consolidate-plain",
        `${reader.label} is encrypted, and the archive that is made of it would not be`,
        { hints: ["name a public key: --recipient age1...", "or add --no-encrypt"] },
      );
    const manifest = await readManifest(reader);
    if (manifest === undefined)
      throw new RefusedError(
        "no-manifest",
        `${reader.label} was written by NextGIS Web: there is nothing to consolidate`,
      );
    const { header } = manifest;
    const compression = request.compression ?? outerName(header.options.compression);
    if (compression !== outerName(header.options.compression) && header.options.compression !== "zstd")
      throw new RefusedError(
        "consolidate-compression",
        `${reader.label} was made with --compression ${outerName(header.options.compression)}, and only zstd is converted`,
      );
    const target = await resolveTarget({
      target: request.target,
      defaultPlace: settings.backup.place,
      defaultName: `${backupFileName(settings.backup.filename, startedAt)}${encryptFor === undefined ? "" : encryptedSuffix}`,
      noZip: false,
      overwrite: request.overwrite,
      cwd: context.cwd,
    });
    const contents = await readContents(reader);
    const missing = missingEntries(contents);
    if (missing.length > 0)
      throw new DamagedError("archive-damaged", `${reader.label} is damaged: ${missing[0]}`, {
        hints: [`ngwbackup verify ${reader.label} lists all that is wrong`],
      });
    const level =
      request.level ?? (compression === header.options.compression ? (header.options.level ?? undefined) : undefined);
    const { blockDigest, ...rest } = header;
    const writer = await openTarget(
      target,
      {
        settings,
        overwrite: request.overwrite,
        encryptFor,
        zip: { modifiedAt: startedAt, deflateLevel: compression === "deflate" ? (level ?? 6) : 1 },
        writeLimit: undefined,
      },
      context,
    );
    try {
      const written = await writeCopy({
        contents,
        manifest,
        header: {
          ...rest,
          format: 1,
          tool: "ngwbackup",
          toolVersion,
          createdAt: startedAt.toISOString(),
          options: { compression, level: level ?? null },
          // Later backups refer to archives of zstd only.
          ...(blockDigest === undefined || compression !== "zstd" ? {} : { blockDigest }),
          base: null,
        },
        compression,
        level,
        writer,
        signKey,
        progress: startStage(reporter, "copy", manifest.end.plainBytes),
        signal: context.signal,
      });
      return { ...written, target, base: (header.base ?? []).map(({ fileName }) => fileName) };
    } catch (error) {
      // What fails while giving up must not hide why.
      await writer.abort().catch(() => undefined);
      context.signal.throwIfAborted();
      throw error;
    }
  } finally {
    await reader.close();
  }
}

/** The compression as the command line calls it. */
function outerName(compression: "zstd" | "gzip" | "deflate" | "none"): "zstd" | "deflate" | "none" {
  return compression === "gzip" ? "deflate" : compression;
}
