import { buildCommand } from "@stricli/core";
import { lazyCommand } from "./command.ts";
import { commonAliases } from "./common-flags.ts";
import { type DecryptFlags, decryptFlags } from "./decrypt-flags.ts";
import { text } from "./flag-values.ts";

/** `diff A B` in the command table. */
export const diffCommand = buildCommand({
  loader: lazyCommand<DecryptFlags, [older: string, newer: string]>(() => import("./diff.ts")),
  parameters: {
    flags: decryptFlags,
    aliases: commonAliases,
    positional: {
      kind: "tuple",
      parameters: [
        { parse: text, placeholder: "A", brief: "The older archive: a file, a folder, or a store's URL" },
        { parse: text, placeholder: "B", brief: "The newer one" },
      ],
    },
  },
  docs: {
    brief: "Show what changed from one archive to another",
    fullDescription: [
      "Layers, tables and files by what the archives list: their rows and bytes are not read.",
      "",
      "Examples:",
      "  ngwbackup diff 20200720-234619.ngwbackup 20200721-234619.ngwbackup",
    ].join("\n"),
  },
});
