import { buildCommand } from "@stricli/core";
import { lazyCommand } from "./command.ts";
import { commonAliases } from "./common-flags.ts";
import { type DecryptFlags, decryptFlags } from "./decrypt-flags.ts";
import { text } from "./flag-values.ts";

/** Flags of `copy`. */
export interface CopyFlags extends DecryptFlags {
  readonly overwrite: boolean;
  readonly noVerify: boolean;
}

/** `copy FROM TO` in the command table. */
export const copyCommand = buildCommand({
  loader: lazyCommand<CopyFlags, [from: string, to: string]>(
    () => import("./copy.ts"),
    (_, from) => ({ kind: "copy", archives: [from] }),
  ),
  parameters: {
    flags: {
      ...decryptFlags,
      overwrite: { kind: "boolean", default: false, withNegated: false, brief: "Replace an existing archive" },
      noVerify: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Do not read the copy back, nor look whether it is an archive",
      },
    },
    aliases: commonAliases,
    positional: {
      kind: "tuple",
      parameters: [
        { parse: text, placeholder: "FROM", brief: "A file, a store's URL, or - for stdin" },
        { parse: text, placeholder: "TO", brief: "A folder, a file, a store's URL, or - for stdout" },
      ],
    },
  },
  docs: {
    brief: "Copy an archive between folders and stores, and check the copy",
    fullDescription: [
      "Copies byte by byte, reads the copy back, and prints its path or URL. An encrypted archive stays as it is, and needs no key;",
      "with --identity or --passphrase-file its manifest is looked at as well.",
      "",
      "Examples:",
      "  ngwbackup copy /srv/backup/20200721-234619.ngwbackup rclone:nas:backup/",
      "  ngwbackup copy rclone:nas:backup/20200721-234619.ngwbackup /srv/restore",
      "  ngwbackup copy rclone:nas:backup/20200721-234619.ngwbackup - | ssh host 'cat > ngw.ngwbackup'",
    ].join("\n"),
  },
});
