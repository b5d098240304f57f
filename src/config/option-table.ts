import { fileNameType } from "./backup-file-name.ts";
import { durationType } from "./durations.ts";
import type { OptionDefinition } from "./option-reader.ts";
import { choiceType, commandType, integerType, listType, pathType, sizeType, textType } from "./value-types.ts";

/** How rows and blobs are compressed. */
export type CompressionChoice = "zstd" | "deflate" | "none";

/** I/O class of a run that stands back; `none`: as it is. */
export type IoClassChoice = "idle" | "best-effort" | "none";

/** Name of our own section, which NextGIS Web ignores. */
export const ownSection = "ngwbackup";

const port = integerType(1, 65_535);

/** Options of NextGIS Web that we use, with its defaults; all others of its sections are its own business. */
export const applicationOptions = {
  host: { section: "core", option: "database.host", type: textType, default: "localhost" },
  port: { section: "core", option: "database.port", type: port, default: "5432" },
  name: { section: "core", option: "database.name", type: textType, default: "nextgisweb" },
  user: { section: "core", option: "database.user", type: textType, default: "nextgisweb" },
  password: { section: "core", option: "database.password", type: textType, secret: true },
  pwfile: { section: "core", option: "database.pwfile", type: pathType },
  connectTimeout: { section: "core", option: "database.connect_timeout", type: durationType, default: "5" },
  sdir: { section: "core", option: "sdir", type: pathType },
  fileStoragePath: { section: "file_storage", option: "path", type: pathType },
  backupFilename: {
    section: "core",
    option: "backup.filename",
    type: fileNameType,
    default: "%Y%m%d-%H%M%S.ngwbackup",
  },
  backupTmpdir: { section: "core", option: "backup.tmpdir", type: pathType },
} satisfies Record<string, OptionDefinition<unknown>>;

/** Our own options. */
export const ownOptions = {
  applicationCommand: { section: ownSection, option: "application.command", type: commandType },
  applicationPython: { section: ownSection, option: "application.python", type: textType },
  applicationMigrations: { section: ownSection, option: "application.migrations", type: listType(pathType) },
  pgBinDir: { section: ownSection, option: "pg_bindir", type: pathType },
  jobs: { section: ownSection, option: "jobs", type: integerType(1, 64) },
  compression: {
    section: ownSection,
    option: "compression",
    type: choiceType<CompressionChoice>("zstd", "deflate", "none"),
    default: "zstd",
  },
  level: { section: ownSection, option: "level", type: integerType(1, 22) },
  niceJobs: { section: ownSection, option: "nice.jobs", type: integerType(1, 64), default: "1" },
  niceLevel: { section: ownSection, option: "nice.level", type: integerType(0, 19), default: "10" },
  niceIo: {
    section: ownSection,
    option: "nice.io",
    type: choiceType<IoClassChoice>("idle", "best-effort", "none"),
    default: "idle",
  },
  niceReadRate: { section: ownSection, option: "nice.read_rate", type: sizeType },
  niceWriteRate: { section: ownSection, option: "nice.write_rate", type: sizeType },
  encryptRecipients: { section: ownSection, option: "encrypt.recipients", type: listType(textType) },
  encryptRecipientsFile: { section: ownSection, option: "encrypt.recipients_file", type: pathType },
  encryptPassphraseFile: { section: ownSection, option: "encrypt.passphrase_file", type: pathType },
  decryptIdentity: { section: ownSection, option: "decrypt.identity", type: listType(pathType) },
  decryptPassphraseFile: { section: ownSection, option: "decrypt.passphrase_file", type: pathType },
  signKey: { section: ownSection, option: "sign.key", type: pathType },
  adminHost: { section: ownSection, option: "admin.host", type: textType },
  adminPort: { section: ownSection, option: "admin.port", type: port },
  adminDatabase: { section: ownSection, option: "admin.database", type: textType, default: "postgres" },
  adminUser: { section: ownSection, option: "admin.user", type: textType, default: "postgres" },
  adminPassword: { section: ownSection, option: "admin.password", type: textType, secret: true },
  adminPwfile: { section: ownSection, option: "admin.pwfile", type: pathType },
  template: { section: ownSection, option: "template", type: textType },
  rclonePath: { section: ownSection, option: "rclone.path", type: pathType },
  rcloneConfig: { section: ownSection, option: "rclone.config", type: pathType },
  keepPrevious: { section: ownSection, option: "keep_previous", type: durationType, default: "7d" },
  service: { section: ownSection, option: "service", type: textType, default: "ngw.service" },
} satisfies Record<string, OptionDefinition<unknown>>;
