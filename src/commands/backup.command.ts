import { buildCommand } from "@stricli/core";
import { type CommonFlags, lazyCommand } from "./command.ts";
import { commonAliases, commonFlags } from "./common-flags.ts";
import { type EncryptFlags, encryptFlags } from "./encrypt-flags.ts";
import { integer, positiveInteger, size, tagList, text } from "./flag-values.ts";

/** Flags of `backup`. */
export interface BackupFlags extends CommonFlags, EncryptFlags {
  readonly compression?: "zstd" | "deflate" | "none";
  readonly level?: number;
  readonly jobs?: number;
  readonly nice: boolean;
  /** In bytes a second. */
  readonly readRate?: number;
  /** In bytes a second. */
  readonly writeRate?: number;
  readonly strict: boolean;
  readonly tag: readonly (readonly string[])[];
  readonly prune: boolean;
  readonly oneShot: boolean;
  readonly noZip: boolean;
  readonly overwrite: boolean;
  readonly dryRun: boolean;
  readonly base?: string;
  readonly reread: boolean;
  readonly passphraseFile?: string;
}

/** Arguments of `backup`: TARGET. */
export type BackupArgs = [target?: string];

/** `backup [TARGET]` in the command table. */
export const backupCommand = buildCommand({
  loader: lazyCommand<BackupFlags, BackupArgs>(
    () => import("./backup.ts"),
    ({ dryRun }, target) => (dryRun ? undefined : { kind: "backup", archives: target === undefined ? [] : [target] }),
  ),
  parameters: {
    flags: {
      ...commonFlags,
      compression: {
        kind: "enum",
        values: ["zstd", "deflate", "none"],
        optional: true,
        brief: "zstd, or deflate and none for archives that NextGIS Web itself restores; zstd when left out",
      },
      level: { kind: "parsed", parse: integer, optional: true, placeholder: "n", brief: "Compression level" },
      jobs: {
        kind: "parsed",
        parse: positiveInteger,
        optional: true,
        placeholder: "n",
        brief: "Connections that read rows, and threads that read files, at once",
      },
      nice: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Stand back behind a busy service, as the options nice... of the configuration say",
      },
      readRate: {
        kind: "parsed",
        parse: size,
        optional: true,
        placeholder: "size",
        brief: "Bytes a second that are read of rows and files, such as 50MiB; 0 for no limit",
      },
      writeRate: {
        kind: "parsed",
        parse: size,
        optional: true,
        placeholder: "size",
        brief: "Bytes a second that are written to the archive; 0 for no limit",
      },
      ...encryptFlags,
      passphraseFile: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "path",
        brief: "Encrypt with the passphrase in this file",
      },
      strict: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Fail when a file is missing, unreadable or of another size than its row, instead of naming it",
      },
      tag: {
        kind: "parsed",
        parse: tagList,
        variadic: true,
        default: [],
        placeholder: "name",
        brief: "Tag that the archive carries, for prune --keep-tag; may be given several times",
      },
      prune: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Prune the archives beside it afterwards, by the options keep... of the configuration",
      },
      oneShot: { kind: "boolean", default: false, withNegated: false, brief: "Do not record it as the last backup" },
      noZip: { kind: "boolean", default: false, withNegated: false, brief: "Write a folder instead of a file" },
      overwrite: { kind: "boolean", default: false, withNegated: false, brief: "Replace an existing archive" },
      dryRun: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Check everything, estimate, write nothing",
      },
      base: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "archive",
        brief:
          "Refer to what this archive holds already instead of writing it again; latest: the newest beside the target",
      },
      reread: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "With --base: read every file and row, also what nobody seems to have touched since",
      },
    },
    aliases: commonAliases,
    positional: {
      kind: "tuple",
      parameters: [
        {
          parse: text,
          optional: true,
          placeholder: "TARGET",
          brief:
            "A folder, a file, a store's URL, or - for stdout; the configured place and backup.filename when left out",
        },
      ],
    },
  },
  docs: {
    brief: "Back the instance up while it runs",
    fullDescription: [
      "Writes database and files of one moment into a single archive, and prints its path.",
      "",
      "Examples:",
      "  ngwbackup backup                                   into the configured place, named by backup.filename",
      "  ngwbackup backup /srv/backup                       into a folder, named by the time in UTC",
      "  ngwbackup backup - | ssh host 'cat > ngw.ngwbackup'",
      "  ngwbackup backup --base latest                     what has changed since the newest archive",
      "  ngwbackup backup --recipient age1...               encrypted; ngwbackup keygen makes the keys",
      "  ngwbackup backup --nice --read-rate 20MiB          beside a busy service",
      "  ngwbackup backup --compression deflate out.ngwbackup   for NextGIS Web's own restore",
    ].join("\n"),
  },
});
