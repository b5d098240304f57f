import { buildCommand } from "@stricli/core";
import { type CommonFlags, lazyCommand } from "./command.ts";
import { commonAliases, commonFlags } from "./common-flags.ts";
import { text } from "./flag-values.ts";

/** Flags of `verify`. */
export interface VerifyFlags extends CommonFlags {
  readonly nice: boolean;
}

/** `verify ARCHIVE...` in the command table. */
export const verifyCommand = buildCommand({
  loader: lazyCommand<VerifyFlags, string[]>(
    () => import("./verify.ts"),
    (_, ...archives) => ({ kind: "verify", archives }),
  ),
  parameters: {
    flags: {
      ...commonFlags,
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
      "  ngwbackup verify latest                            the newest archive of backup.path",
    ].join("\n"),
  },
});

/** `list [WHERE]` in the command table. */
export const listCommand = buildCommand({
  loader: lazyCommand<CommonFlags, [where?: string]>(() => import("./list.ts")),
  parameters: {
    flags: commonFlags,
    aliases: commonAliases,
    positional: {
      kind: "tuple",
      parameters: [
        {
          parse: text,
          optional: true,
          placeholder: "WHERE",
          brief: "A folder or a store's URL; backup.path when left out",
        },
      ],
    },
  },
  docs: {
    brief: "List the archives of a folder or store, newest first",
    fullDescription: ["Examples:", "  ngwbackup list", "  ngwbackup list --json /srv/backup"].join("\n"),
  },
});

/** `inspect ARCHIVE` in the command table. */
export const inspectCommand = buildCommand({
  loader: lazyCommand<CommonFlags, [archive: string]>(() => import("./inspect.ts")),
  parameters: {
    flags: commonFlags,
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
