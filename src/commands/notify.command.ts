import { buildCommand } from "@stricli/core";
import { type CommonFlags, lazyCommand } from "./command.ts";
import { commonAliases, commonFlags } from "./common-flags.ts";

/** Flags of `notify`. */
export interface NotifyFlags extends CommonFlags {
  readonly test: boolean;
}

/** `notify --test` in the command table. */
export const notifyCommand = buildCommand({
  loader: lazyCommand<NotifyFlags, []>(() => import("./notify.ts")),
  parameters: {
    flags: {
      ...commonFlags,
      test: { kind: "boolean", default: false, withNegated: false, brief: "Send a notification now, by every channel" },
    },
    aliases: commonAliases,
  },
  docs: {
    brief: "Try out notifications by mail and webhook",
    fullDescription: [
      "Prints a line a channel: ok, or fail and why. Runs send theirs by themselves.",
      "",
      "Examples:",
      "  ngwbackup notify --test",
    ].join("\n"),
  },
});
