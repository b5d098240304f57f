import type { KeyObject } from "node:crypto";
import type { Settings } from "../../config/settings.ts";
import type { AgeRecipients } from "../../encryption/recipients.ts";
import { UsageError } from "../../errors.ts";
import type { LowerPriority } from "../../processes/lower-priority.ts";

/** What is asked of a backup. */
export interface BackupRequest {
  settings: Settings;
  /** TARGET of the command line; undefined for the configured place. */
  target: string | undefined;
  compression: "zstd" | "deflate" | "none";
  level: number | undefined;
  jobs: number;
  /** How we stand back behind others; undefined: not at all. */
  priority: LowerPriority | undefined;
  /** Bytes a second of rows and blobs that are read, together; undefined or 0: as many as come. */
  readRate: number | undefined;
  /** Bytes a second of the archive; undefined or 0: as many as come. */
  writeRate: number | undefined;
  /** Fail instead of naming losses. */
  strict: boolean;
  /** Kept in the manifest, for retention. */
  tags: readonly string[];
  /** Do not write `last_backup`. */
  oneShot: boolean;
  noZip: boolean;
  overwrite: boolean;
  dryRun: boolean;
  /** Archive to refer to, or `latest`; undefined for a full one. */
  base: string | undefined;
  /** Read blobs also that the base holds. */
  reread: boolean;
  /** For whom the archive is encrypted; undefined or left out: it is not. */
  encryptFor?: AgeRecipients | undefined;
  /** Signs the manifest; undefined or left out: it is not signed. */
  signKey?: KeyObject | undefined;
}

/** @throws UsageError for what cannot be asked together */
export function refuseUnfit(request: BackupRequest): void {
  refuseUnfitBase(request);
  if (request.noZip && request.encryptFor !== undefined)
    throw new UsageError(
      "no-zip-encrypted",
      "--no-zip writes a folder of plain files, and the archive is to be encrypted",
      {
        hints: ["leave --no-zip out, or add --no-encrypt"],
      },
    );
}

/** @throws UsageError for what an archive that refers to others cannot be */
function refuseUnfitBase({ base, reread, compression, noZip }: BackupRequest): void {
  if (base === undefined) {
    if (reread) throw new UsageError("reread-alone", "--reread belongs to --base");
    return;
  }
  if (noZip) throw new UsageError("base-no-zip", "--base and --no-zip exclude each other");
  if (compression !== "zstd")
    throw new UsageError(
      "base-compression",
      `--base and --compression ${compression} exclude each other: NextGIS Web could not read such an archive`,
      { hints: ["make one of it afterwards: ngwbackup consolidate --compression deflate ARCHIVE TARGET"] },
    );
}

/**
 * Level of what is deflated in any archive: table of contents, index, manifest. They are tens of MiB for thousands of
 * layers, and most of an archive's own time then; only with `--compression deflate` it is the level of everything.
 */
export function deflateLevel({ compression, level }: BackupRequest): number {
  return compression === "deflate" ? (level ?? 6) : 1;
}
