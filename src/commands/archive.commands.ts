import { buildCommand } from "@stricli/core";
import { lazyCommand } from "./command.ts";
import { commonAliases } from "./common-flags.ts";
import { type EncryptFlags, encryptFlags } from "./encrypt-flags.ts";
import { type DecryptFlags, decryptFlags } from "./decrypt-flags.ts";
import { integer, text } from "./flag-values.ts";
import { placeParameter } from "./place-parameter.ts";

/** Flags of `verify`. */
export interface VerifyFlags extends DecryptFlags {
  readonly nice: boolean;
  /** File with the public key of whoever must have signed. */
  readonly signer?: string;
}

/** `verify ARCHIVE...` in the command table. */
export const verifyCommand = buildCommand({
  loader: lazyCommand<VerifyFlags, string[]>(
    () => import("./verify.ts"),
    (_, ...archives) => ({ kind: "verify", archives }),
  ),
  parameters: {
    flags: {
      ...decryptFlags,
      signer: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "file",
        brief: "Public key (PEM) of whoever must have signed the archives; bad without a signature that fits",
      },
      nice: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Stand back behind a busy service: nice.jobs, nice.level and nice.io of the configuration",
      },
    },
    aliases: commonAliases,
    positional: {
      kind: "array",
      minimum: 1,
      parameter: {
        parse: text,
        placeholder: "ARCHIVE",
        brief: "A file, a folder, a store's URL, - for stdin, or latest",
      },
    },
  },
  docs: {
    brief: "Read every byte of archives and check it",
    fullDescription: [
      "Prints a line an archive: ok PATH, or bad PATH and what is wrong with it, all of it.",
      "",
      "Examples:",
      "  ngwbackup verify /srv/backup/20200721-234619.ngwbackup",
      "  ngwbackup verify /srv/backup/*.ngwbackup",
      "  ngwbackup verify --identity key.txt /srv/backup/20200721-234619.ngwbackup.age",
      "  ngwbackup verify latest                            the newest archive of the configured place",
    ].join("\n"),
  },
});

/** `list [WHERE]` in the command table. */
export const listCommand = buildCommand({
  loader: lazyCommand<DecryptFlags, [where?: string]>(() => import("./list.ts")),
  parameters: {
    flags: decryptFlags,
    aliases: commonAliases,
    positional: {
      kind: "tuple",
      parameters: [placeParameter],
    },
  },
  docs: {
    brief: "List the archives of a folder or store, newest first",
    fullDescription: ["Examples:", "  ngwbackup list", "  ngwbackup list --json /srv/backup"].join("\n"),
  },
});

/** Flags of `consolidate`. */
export interface ConsolidateFlags extends DecryptFlags, EncryptFlags {
  readonly compression?: "zstd" | "deflate" | "none";
  readonly level?: number;
  readonly overwrite: boolean;
}

/** `consolidate ARCHIVE [TARGET]` in the command table. */
export const consolidateCommand = buildCommand({
  loader: lazyCommand<ConsolidateFlags, [archive: string, target?: string]>(
    () => import("./consolidate.ts"),
    (_, archive) => ({ kind: "consolidate", archives: [archive] }),
  ),
  parameters: {
    flags: {
      ...decryptFlags,
      ...encryptFlags,
      compression: {
        kind: "enum",
        values: ["zstd", "deflate", "none"],
        optional: true,
        brief: "deflate or none for an archive that NextGIS Web itself restores; as it is when left out",
      },
      level: { kind: "parsed", parse: integer, optional: true, placeholder: "n", brief: "Compression level" },
      overwrite: { kind: "boolean", default: false, withNegated: false, brief: "Replace an existing archive" },
    },
    aliases: commonAliases,
    positional: {
      kind: "tuple",
      parameters: [
        { parse: text, placeholder: "ARCHIVE", brief: "A file, or a store's URL" },
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
    brief: "Write an archive that stands for itself out of one that refers to others",
    fullDescription: [
      "The instance is not needed. Prints the path of the new archive.",
      "",
      "Examples:",
      "  ngwbackup consolidate 20200721-234619.ngwbackup full.ngwbackup",
      "  ngwbackup consolidate --compression deflate 20200721-234619.ngwbackup for-nextgisweb.ngwbackup",
    ].join("\n"),
  },
});

/** `inspect ARCHIVE` in the command table. */
export const inspectCommand = buildCommand({
  loader: lazyCommand<DecryptFlags, [archive: string]>(() => import("./inspect.ts")),
  parameters: {
    flags: decryptFlags,
    aliases: commonAliases,
    positional: {
      kind: "tuple",
      parameters: [{ parse: text, placeholder: "ARCHIVE", brief: "A file, a folder, or a store's URL" }],
    },
  },
  docs: {
    brief: "Show what an archive holds",
    fullDescription: ["Examples:", "  ngwbackup inspect 20200721-234619.ngwbackup"].join("\n"),
  },
});
