import path from "node:path";
import type { ConnectionSettings } from "../postgres/settings.ts";
import { isEmptyPolicy } from "../retention/policy.ts";
import type { S3Settings } from "../stores/s3/s3-settings.ts";
import type { ConfigFileChoice } from "./config-files.ts";
import { resolveAdmin, resolveDatabase } from "./connection-options.ts";
import { drillOptions, type DrillSettings, resolveDrill } from "./drill-options.ts";
import { showDuration } from "./durations.ts";
import { namedChannelOptions } from "./notify-options.ts";
import { loadOptionLayers } from "./option-layers.ts";
import { type OptionDefinition, OptionReader, wrongValue, type ResolvedOption } from "./option-reader.ts";
import {
  applicationOptions,
  ownOptions,
  ownSection,
  type CompressionChoice,
  type IoClassChoice,
} from "./option-table.ts";
import { placeOptions, readPlaces } from "./place-options.ts";
import { resolveS3, s3Options } from "./s3-options.ts";
import { type RetentionSettings, readRetention, retentionOptions } from "./retention-options.ts";
import { resolveRuns, runOptions, type RunSettings } from "./run-options.ts";
import { resolveServe, serveOptions, type ServeSettings } from "./serve-options.ts";
import { ShownOptions } from "./shown-options.ts";
import { showSize } from "./value-types.ts";

/** How a run with `--nice` stands back: options `nice...` of section `[ngwbackup]`. */
export interface NiceSettings {
  jobs: number;
  /** Nice value. */
  level: number;
  io: IoClassChoice;
  /** Bytes a second that are read; undefined or 0: no limit. */
  readRate: number | undefined;
  /** Bytes a second that are written; undefined or 0: no limit. */
  writeRate: number | undefined;
}

/** Options `encrypt...`, `decrypt...` and `sign...` of section `[ngwbackup]`; paths are absolute. */
export interface EncryptionSettings {
  /** Public keys that archives are encrypted for. */
  recipients: readonly string[] | undefined;
  recipientsFile: string | undefined;
  /** Holds the passphrase that archives are encrypted with. */
  passphraseFile: string | undefined;
  /** Files with private keys. */
  identityFiles: readonly string[] | undefined;
  /** Holds the passphrase that archives are read with; that of encryption when left out. */
  readPassphraseFile: string | undefined;
  /** File with the private key that archives are signed with. */
  signKeyFile: string | undefined;
}

/** Options of section `[ngwbackup]`. */
export interface OwnSettings {
  /** The installed application's own program and its first arguments. */
  applicationCommand: readonly string[] | undefined;
  /** Python that has the application installed: a path or a name on PATH. */
  applicationPython: string | undefined;
  /** Migration folders of the application, where it is not installed so that it can be asked for them. */
  applicationMigrations: readonly string[] | undefined;
  /** Folder of PostgreSQL's client tools; undefined: they are looked for. */
  pgBinDir: string | undefined;
  /** Database connections at once; undefined: decided by the machine. */
  jobs: number | undefined;
  compression: CompressionChoice;
  /** Undefined: the compression's own default. */
  level: number | undefined;
  /** Folder or store's URL in which archives that others refer to are looked for, besides beside them. */
  basePath: string | undefined;
  nice: NiceSettings;
  /** How stores are reached that speak S3. */
  s3: S3Settings;
  encryption: EncryptionSettings;
  /** An administrator's connection, when one is configured. */
  admin: ConnectionSettings | undefined;
  /** Template database that holds PostGIS, for a restore side by side. */
  template: string | undefined;
  retention: RetentionSettings;
  /** The program rclone, and its configuration; undefined: the one on PATH, and its usual one. */
  rclone: { path: string | undefined; config: string | undefined };
  /** How long a restore keeps what was there before. */
  keepPreviousMs: number;
  drill: DrillSettings;
  /** Name of the service, for hints only. */
  service: string;
}

/** The effective configuration. Paths are absolute. */
export interface Settings {
  /** What is undefined is left to libpq's environment. */
  database: ConnectionSettings;
  sdirPath: string | undefined;
  /** `[file_storage] path`, or `<sdir>/file_storage`. */
  fileStoragePath: string | undefined;
  /** `<sdir>/core/fontconfig`. */
  fontPath: string | undefined;
  backup: {
    /** Where archives are written to and looked for when nobody names a place: a folder, or a store's URL. */
    place?: string;
    /** The same, when it is a folder of this machine. */
    path?: string;
    /** Pattern for `backupFileName`. */
    filename: string;
    tmpdir?: string;
  };
  ngwbackup: OwnSettings;
  /** History, status and what else surrounds runs. */
  runs: RunSettings;
  /** The page. */
  serve: ServeSettings;
  /** Configuration files that were read, in order, as they were named. */
  files: readonly string[];
  /** Every option that we know, with the source of its value. */
  values: readonly ResolvedOption[];
}

/**
 * Loads the configuration: files, environment, defaults; docs/configuration.md has the rules. A configuration that is
 * found nowhere is an empty one.
 * @param choice `configPaths` are those of `--config`; relative paths in options count from `cwd`, too
 * @throws UsageError naming file, line and option for everything that is wrong
 */
export async function loadSettings(choice: ConfigFileChoice): Promise<Settings> {
  const { env, cwd } = choice;
  const layers = await loadOptionLayers(choice);
  const reader = new OptionReader(layers);
  reader.refuseUnknown(
    ownSection,
    [ownOptions, placeOptions, s3Options, runOptions, drillOptions, serveOptions]
      .flatMap((options): OptionDefinition<unknown>[] => Object.values(options))
      .concat(retentionOptions, namedChannelOptions(reader))
      .map(({ option }) => option),
  );

  const database = await resolveDatabase({ reader, env, cwd });
  const shown = new ShownOptions(reader, cwd);
  shown.values.push(...database.values);
  const { values } = shown;

  const { sdir, backupFilename, backupTmpdir } = applicationOptions;
  const sdirPath = shown.readPath(sdir);
  const { basePath, ...places } = readPlaces(shown, cwd);
  const backup: Settings["backup"] = { ...places, filename: shown.read(backupFilename)! };
  const tmpdir = shown.readPath(backupTmpdir);
  if (tmpdir !== undefined) backup.tmpdir = tmpdir;
  const fileStoragePath = shown.readPath(
    applicationOptions.fileStoragePath,
    sdirPath === undefined ? undefined : path.join(sdirPath, "file_storage"),
  );

  const s3 = resolveS3(reader, cwd);
  const drill = await resolveDrill({ reader, env, cwd }, database.settings);
  const own: OwnSettings = {
    applicationCommand: shown.read(ownOptions.applicationCommand, (words) => words.join(" ")),
    applicationPython: shown.read(ownOptions.applicationPython),
    applicationMigrations: shown
      .read(ownOptions.applicationMigrations, (folders) => folders.join(", "))
      ?.map((folder) => path.resolve(cwd, folder)),
    pgBinDir: shown.readPath(ownOptions.pgBinDir),
    jobs: shown.read(ownOptions.jobs),
    compression: shown.read(ownOptions.compression)!,
    level: shown.read(ownOptions.level),
    basePath,
    nice: {
      jobs: shown.read(ownOptions.niceJobs)!,
      level: shown.read(ownOptions.niceLevel)!,
      io: shown.read(ownOptions.niceIo)!,
      readRate: shown.read(ownOptions.niceReadRate, showSize),
      writeRate: shown.read(ownOptions.niceWriteRate, showSize),
    },
    s3: s3.options,
    encryption: {
      recipients: shown.read(ownOptions.encryptRecipients, (recipients) => recipients.join(", ")),
      recipientsFile: shown.readPath(ownOptions.encryptRecipientsFile),
      passphraseFile: shown.readPath(ownOptions.encryptPassphraseFile),
      identityFiles: shown
        .read(ownOptions.decryptIdentity, (paths) => paths.join(", "))
        ?.map((file) => path.resolve(cwd, file)),
      readPassphraseFile: shown.readPath(ownOptions.decryptPassphraseFile),
      signKeyFile: shown.readPath(ownOptions.signKey),
    },
    admin: undefined,
    template: shown.read(ownOptions.template),
    retention: readRetention(shown),
    rclone: { path: shown.readPath(ownOptions.rclonePath), config: shown.readPath(ownOptions.rcloneConfig) },
    keepPreviousMs: shown.read(ownOptions.keepPrevious, showDuration)!,
    drill: drill.drill,
    service: shown.read(ownOptions.service)!,
  };
  refuseLevel(reader, own);
  const admin = await resolveAdmin({ reader, env, cwd }, database.settings);
  own.admin = admin.settings;
  values.push(...admin.values, ...drill.values, ...s3.values);
  const runs = resolveRuns({
    reader,
    cwd,
    sdirPath,
    backupPath: backup.path,
    isPruned: !isEmptyPolicy(own.retention.policy) && !own.retention.isAfterBackup,
  });
  const serve = resolveServe(reader, cwd);
  values.push(...runs.values, ...serve.values);

  return {
    database: database.settings,
    sdirPath,
    fileStoragePath,
    fontPath: sdirPath === undefined ? undefined : path.join(sdirPath, "core", "fontconfig"),
    backup,
    ngwbackup: own,
    runs: runs.settings,
    serve: serve.serve,
    files: layers.files,
    values,
  };
}

/** Highest level that a compression takes; undefined where it has none. */
function maxCompressionLevel(compression: CompressionChoice): number | undefined {
  return { zstd: 22, deflate: 9, none: undefined }[compression];
}

function refuseLevel(reader: OptionReader, { compression, level }: OwnSettings): void {
  const max = maxCompressionLevel(compression);
  if (level === undefined || max === undefined || level <= max) return;
  const expected = `a whole number from 1 to ${max} with compression ${compression}`;
  const { source } = reader.get(ownOptions.level);
  throw wrongValue({ ...ownOptions.level, type: { ...ownOptions.level.type, expected } }, String(level), source);
}
