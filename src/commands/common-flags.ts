import type { FlagParametersForType } from "@stricli/core";
import type { CommonFlags, TableContext } from "./command.ts";
import { text } from "./flag-values.ts";

/** Definitions of the flags that every command takes. */
export const commonFlags: FlagParametersForType<CommonFlags, TableContext> = {
  config: {
    kind: "parsed",
    parse: text,
    variadic: true,
    default: [],
    placeholder: "path",
    brief: "Configuration file, may be given several times; else NEXTGISWEB_CONFIG, config/config.ini, config.ini",
  },
  json: { kind: "boolean", default: false, withNegated: false, brief: "Print JSON lines" },
  quiet: { kind: "boolean", default: false, withNegated: false, brief: "Print warnings and errors only" },
  verbose: { kind: "boolean", default: false, withNegated: false, brief: "Show what stands behind an error" },
};

/** One-letter names of common flags. */
export const commonAliases = { q: "quiet", v: "verbose" } as const;
