import { buildCommand } from "@stricli/core";
import { latestName } from "../operations/list/latest-name.ts";
import { lazyCommand } from "./command.ts";
import { commonAliases } from "./common-flags.ts";
import { type DecryptFlags, decryptFlags } from "./decrypt-flags.ts";
import { text, positiveInteger } from "./flag-values.ts";

/** Flags of `drill`. */
export interface DrillFlags extends DecryptFlags {
  readonly jobs?: number;
}

/** `drill [ARCHIVE|latest]` in the command table. */
export const drillCommand = buildCommand({
  loader: lazyCommand<DrillFlags, [archive?: string]>(
    () => import("./drill.ts"),
    (_, archive = latestName) => ({ kind: "drill", archives: [archive] }),
  ),
  parameters: {
    flags: {
      ...decryptFlags,
      jobs: {
        kind: "parsed",
        parse: positiveInteger,
        optional: true,
        placeholder: "N",
        brief: "Connections that load at once",
      },
    },
    aliases: commonAliases,
    positional: {
      kind: "tuple",
      parameters: [
        {
          parse: text,
          optional: true,
          placeholder: "ARCHIVE",
          brief: "An archive, or latest (the newest of the configured place), which is taken when left out",
        },
      ],
    },
  },
  docs: {
    brief: "Prove that an archive can be restored, in a throw-away place",
    fullDescription: [
      "Restores the archive completely into a private PostgreSQL, or a database of its own on the server of drill.host, and a",
      "temporary folder, checks rows, references, indexes, geometries and files, and removes it all again. The instance is not",
      "touched.",
      "Exit code 0: sound; 5: not sound; 1: no verdict.",
      "",
      "Examples:",
      "  ngwbackup drill",
      "  ngwbackup drill /srv/backup/20200721-234619.ngwbackup",
    ].join("\n"),
  },
});
