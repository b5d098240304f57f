import { buildCommand } from "@stricli/core";
import { type CommonFlags, lazyCommand } from "./command.ts";
import { commonAliases, commonFlags } from "./common-flags.ts";

/** `demo` in the command table. */
export const demoCommand = buildCommand({
  loader: lazyCommand<CommonFlags, []>(() => import("./demo.ts")),
  parameters: { flags: commonFlags, aliases: commonAliases },
  docs: {
    brief: "Show all of it on a made-up instance, with nothing to configure",
    fullDescription: [
      "Starts a private PostgreSQL, fills an instance, backs it up under load, wrecks it, restores and compares.",
      "",
      "Examples:",
      "  ngwbackup demo",
    ].join("\n"),
  },
});
