import { buildCommand } from "@stricli/core";
import { type CommonFlags, lazyCommand } from "./command.ts";
import { commonAliases, commonFlags } from "./common-flags.ts";

/** Flags of `demo`. */
export interface DemoFlags extends CommonFlags {
  readonly serve: boolean;
}

/** `demo` in the command table. */
export const demoCommand = buildCommand({
  loader: lazyCommand<DemoFlags, []>(() => import("./demo.ts")),
  parameters: {
    flags: {
      ...commonFlags,
      serve: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Afterwards serve the page on it until it is stopped, with a month of made-up runs to look at",
      },
    },
    aliases: commonAliases,
  },
  docs: {
    brief: "Show all of it on a made-up instance, with nothing to configure",
    fullDescription: [
      "Starts a private PostgreSQL, fills an instance, backs it up under load, wrecks it, restores and compares.",
      "",
      "Examples:",
      "  ngwbackup demo",
      "  ngwbackup demo --serve",
    ].join("\n"),
  },
});
