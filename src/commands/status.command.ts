import { buildCommand } from "@stricli/core";
import { type CommonFlags, lazyCommand } from "./command.ts";
import { commonAliases, commonFlags } from "./common-flags.ts";
import { text } from "./flag-values.ts";

/** Flags of `status`. */
export interface StatusFlags extends CommonFlags {
  readonly prometheus?: string;
  readonly notify: boolean;
}

/** `status` in the command table. */
export const statusCommand = buildCommand({
  loader: lazyCommand<StatusFlags, []>(() => import("./status.ts")),
  parameters: {
    flags: {
      ...commonFlags,
      prometheus: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "file",
        brief: "Also write it for node_exporter's textfile collector; metrics.path when left out, if that is set",
      },
      notify: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Tell by mail and webhook what is due, and when it is over",
      },
    },
    aliases: commonAliases,
  },
  docs: {
    brief: "Tell whether all is well with backups, and what is due",
    fullDescription: [
      "Prints a line a matter: ok, warn or fail. Ends with 1 when something is due.",
      "",
      "Examples:",
      "  ngwbackup status",
      "  ngwbackup status --prometheus /var/lib/prometheus/node-exporter/ngwbackup.prom",
    ].join("\n"),
  },
});
