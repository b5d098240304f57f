import { buildCommand } from "@stricli/core";
import { lazyCommand } from "./command.ts";
import { commonAliases } from "./common-flags.ts";
import { type DecryptFlags, decryptFlags } from "./decrypt-flags.ts";
import { durationMs, positiveInteger, text, unitName } from "./flag-values.ts";

/** Flags of `restore`. */
export interface RestoreFlags extends DecryptFlags {
  readonly dryRun: boolean;
  readonly inPlace: boolean;
  readonly sideBySide: boolean;
  readonly jobs?: number;
  readonly migrate: boolean;
  readonly noVerify: boolean;
  readonly yes: boolean;
  readonly undo: boolean;
  /** In milliseconds. */
  readonly keepPrevious?: number;
  /** Name of a systemd unit. */
  readonly service?: string;
  readonly rescue: boolean;
  readonly rescueDatabase?: string;
  readonly rescueFolder?: string;
}

/** Arguments of `restore`: ARCHIVE, which only `--undo` does without. */
export type RestoreArgs = [archive?: string];

/** `restore ARCHIVE` in the command table. */
export const restoreCommand = buildCommand({
  loader: lazyCommand<RestoreFlags, RestoreArgs>(
    () => import("./restore.ts"),
    ({ dryRun, rescue, undo }, archive) => {
      if (dryRun) return undefined;
      if (undo) return { kind: "undo" };
      return archive === undefined ? undefined : { kind: rescue ? "rescue" : "restore", archives: [archive] };
    },
  ),
  parameters: {
    flags: {
      ...decryptFlags,
      dryRun: { kind: "boolean", default: false, withNegated: false, brief: "Check everything, print the plan, stop" },
      inPlace: { kind: "boolean", default: false, withNegated: false, brief: "Restore within the existing database" },
      sideBySide: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Restore into a new database, then swap the two",
      },
      jobs: {
        kind: "parsed",
        parse: positiveInteger,
        optional: true,
        placeholder: "n",
        brief: "Connections that load rows at once",
      },
      migrate: { kind: "boolean", default: false, withNegated: false, brief: "Apply pending migrations afterwards" },
      noVerify: { kind: "boolean", default: false, withNegated: false, brief: "Do not read the archive through first" },
      yes: { kind: "boolean", default: false, withNegated: false, brief: "Do not ask for confirmation" },
      undo: { kind: "boolean", default: false, withNegated: false, brief: "Bring back what the last restore replaced" },
      keepPrevious: {
        kind: "parsed",
        parse: durationMs,
        optional: true,
        placeholder: "duration",
        brief: "How long the previous state is kept for --undo: 7d, 12h, 0 for not at all",
      },
      service: {
        kind: "parsed",
        parse: unitName,
        optional: true,
        placeholder: "unit",
        brief: "Stop this service before and start it after; a restore that fails half-way leaves it stopped",
      },
      rescue: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Take what is sound out of a damaged archive into a fresh database and folder",
      },
      rescueDatabase: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "name",
        brief: "Database for --rescue: made, or taken if it is empty",
      },
      rescueFolder: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "dir",
        brief: "Folder for --rescue: made, or taken if it is empty",
      },
    },
    aliases: { ...commonAliases, y: "yes" },
    positional: {
      kind: "tuple",
      parameters: [{ parse: text, optional: true, placeholder: "ARCHIVE", brief: "A file, a folder, or - for stdin" }],
    },
  },
  docs: {
    brief: "Put an archive back",
    fullDescription: [
      "Checks archive, server, space and sessions first; nothing is touched until everything is known to be good.",
      "",
      "Examples:",
      "  systemctl stop ngw.service",
      "  ngwbackup restore --dry-run 20200721-234619.ngwbackup",
      "  ngwbackup restore 20200721-234619.ngwbackup",
      "  systemctl start ngw.service",
      "  ngwbackup restore --service ngw.service 20200721-234619.ngwbackup",
      "  ngwbackup restore --undo                           the state before the last restore",
      "  ngwbackup restore --rescue DAMAGED.ngwbackup       what is sound of it, beside the instance",
    ].join("\n"),
  },
});
