import { buildCommand, buildRouteMap } from "@stricli/core";
import { type CommonFlags, lazyCommand } from "./command.ts";
import { commonAliases, commonFlags } from "./common-flags.ts";
import { type DecryptFlags, decryptFlags } from "./decrypt-flags.ts";
import { text } from "./flag-values.ts";

/** Flags of `migrations upgrade`. */
export interface MigrationsUpgradeFlags extends CommonFlags {
  /** True unless `--no-dry-run` was given. */
  readonly dryRun: boolean;
}

/** `check` in the command table. */
export const checkCommand = buildCommand({
  loader: lazyCommand<CommonFlags, []>(() => import("./check.ts")),
  parameters: { flags: commonFlags, aliases: commonAliases },
  docs: {
    brief: "Check that this instance can be backed up and restored",
    fullDescription: [
      "Tells before the bad day what would fail, a line a check: ok, warn or fail, with the remedy.",
      "",
      "Examples:",
      "  ngwbackup check",
      "  ngwbackup check --config /opt/ngw/config.ini",
    ].join("\n"),
  },
});

/** `config` in the command table. */
export const configCommand = buildCommand({
  loader: lazyCommand<CommonFlags, []>(() => import("./config.ts")),
  parameters: { flags: commonFlags, aliases: commonAliases },
  docs: {
    brief: "Show the effective options and where each comes from",
    fullDescription: ["Secrets are masked.", "", "Examples:", "  ngwbackup config --config config.ini"].join("\n"),
  },
});

const migrationsStatusCommand = buildCommand({
  loader: lazyCommand<DecryptFlags, [archive?: string]>(() => import("./migrations-status.ts")),
  parameters: {
    flags: decryptFlags,
    aliases: commonAliases,
    positional: {
      kind: "tuple",
      parameters: [
        {
          parse: text,
          optional: true,
          placeholder: "ARCHIVE",
          brief: "A file or a folder; the database when left out",
        },
      ],
    },
  },
  docs: {
    brief: "Compare migrations of the database or of an archive with the installed application",
    fullDescription: [
      "Examples:",
      "  ngwbackup migrations status",
      "  ngwbackup migrations status 20200721-234619.ngwbackup",
    ].join("\n"),
  },
});

const migrationsUpgradeCommand = buildCommand({
  loader: lazyCommand<MigrationsUpgradeFlags, []>(() => import("./migrations-upgrade.ts")),
  parameters: {
    flags: {
      ...commonFlags,
      dryRun: { kind: "boolean", default: true, brief: "Only show what would be done" },
    },
    aliases: commonAliases,
  },
  docs: {
    brief: "Apply pending migrations by the installed application's own command",
    fullDescription: [
      "Examples:",
      "  ngwbackup migrations upgrade",
      "  ngwbackup migrations upgrade --no-dry-run",
    ].join("\n"),
  },
});

/** `migrations status` and `migrations upgrade` in the command table. */
export const migrationsRoutes = buildRouteMap({
  routes: { status: migrationsStatusCommand, upgrade: migrationsUpgradeCommand },
  docs: { brief: "Migrations against the installed application" },
});
