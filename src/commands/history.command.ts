import { buildCommand } from "@stricli/core";
import { type RunKind, runKinds } from "../history/run.ts";
import { type CommonFlags, lazyCommand } from "./command.ts";
import { commonAliases, commonFlags } from "./common-flags.ts";
import { positiveInteger } from "./flag-values.ts";

/** Flags of `history`. */
export interface HistoryFlags extends CommonFlags {
  readonly last: number;
  readonly kind?: RunKind;
}

/** `history [ID]` in the command table. */
export const historyCommand = buildCommand({
  loader: lazyCommand<HistoryFlags, [id?: number]>(() => import("./history.ts")),
  parameters: {
    flags: {
      ...commonFlags,
      last: {
        kind: "parsed",
        parse: positiveInteger,
        default: "20",
        placeholder: "n",
        brief: "So many runs, the newest",
      },
      kind: { kind: "enum", values: runKinds, optional: true, brief: "Only runs of one kind" },
    },
    aliases: commonAliases,
    positional: {
      kind: "tuple",
      parameters: [
        {
          parse: positiveInteger,
          optional: true,
          placeholder: "ID",
          brief: "Number of one run, shown with its stages and log",
        },
      ],
    },
  },
  docs: {
    brief: "List what was done when, for how long, and how it ended",
    fullDescription: [
      "Examples:",
      "  ngwbackup history",
      "  ngwbackup history --kind backup --last 100",
      "  ngwbackup history 42                               one run, with its stages and log",
    ].join("\n"),
  },
});
