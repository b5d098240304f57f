import {
  type Application,
  ArgumentScannerError,
  FlagNotFoundError,
  buildApplication,
  buildRouteMap,
  help,
  text_en,
  version,
} from "@stricli/core";
import { checkCommand, configCommand, migrationsRoutes } from "./commands/instance.commands.ts";
import { consolidateCommand, inspectCommand, listCommand, verifyCommand } from "./commands/archive.commands.ts";
import { backupCommand } from "./commands/backup.command.ts";
import type { TableContext } from "./commands/command.ts";
import { completionCommand } from "./commands/completion.command.ts";
import { diffCommand } from "./commands/diff.command.ts";
import { drillCommand } from "./commands/drill.command.ts";
import { copyCommand } from "./commands/copy.command.ts";
import { demoCommand } from "./commands/demo.command.ts";
import { keygenCommand } from "./commands/keygen.command.ts";
import { pruneCommand } from "./commands/prune.command.ts";
import { extractCommand } from "./commands/extract.command.ts";
import { historyCommand } from "./commands/history.command.ts";
import { notifyCommand } from "./commands/notify.command.ts";
import { restoreCommand } from "./commands/restore.command.ts";
import { scheduleCommand } from "./commands/schedule.command.ts";
import { serveCommand } from "./commands/serve.command.ts";
import { statusCommand } from "./commands/status.command.ts";
import { AppError, ExitCode, UsageError } from "./errors.ts";

const routes = {
  backup: backupCommand,
  restore: restoreCommand,
  verify: verifyCommand,
  list: listCommand,
  inspect: inspectCommand,
  extract: extractCommand,
  diff: diffCommand,
  consolidate: consolidateCommand,
  copy: copyCommand,
  prune: pruneCommand,
  check: checkCommand,
  status: statusCommand,
  history: historyCommand,
  notify: notifyCommand,
  schedule: scheduleCommand,
  serve: serveCommand,
  migrations: migrationsRoutes,
  keygen: keygenCommand,
  config: configCommand,
  drill: drillCommand,
  demo: demoCommand,
  completion: completionCommand,
};

/** Names of our commands; called as `nextgisweb`, any other is the installed application's. */
export const commandNames: readonly string[] = Object.keys(routes);

/**
 * The command table.
 * @param name what the program was called by
 * @param readVersion gives the version that `--version` prints
 * @param onError takes what a command threw, or what is wrong with the command line, instead of its being printed
 */
export function buildApp(
  name: string,
  readVersion: () => Promise<string>,
  onError: (error: unknown) => void,
): Application<TableContext> {
  const takeError = (error: unknown): string => {
    onError(error);
    return "";
  };
  const root = buildRouteMap({ routes, docs: { brief: "Backup and restore for NextGIS Web" } });
  return buildApplication(
    root,
    {
      name,
      scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
      documentation: { disableAnsiColor: true },
      determineExitCode: (error) => (error instanceof AppError ? error.exitCode : ExitCode.failed),
      localization: {
        text: {
          ...text_en,
          exceptionWhileParsingArguments: (error) => takeError(usageError(name, error)),
          noCommandRegisteredForInput: ({ input, corrections }) => takeError(unknownCommand(name, input, corrections)),
          exceptionWhileLoadingCommandFunction: takeError,
          exceptionWhileLoadingCommandContext: takeError,
          exceptionWhileRunningCommand: takeError,
          commandErrorResult: takeError,
        },
      },
    },
    {
      help: help({
        brief: "Print help and exit",
        defaultForRouteMap: true,
        formatting: {
          useAliasInUsageLine: false,
          onlyRequiredInUsageLine: true,
          caseStyle: "convert-camel-to-kebab",
        },
      }),
      version: version({ brief: "Print the version and exit", alias: false, info: { getCurrentVersion: readVersion } }),
    },
  );
}

function usageError(name: string, error: unknown): unknown {
  if (!(error instanceof ArgumentScannerError)) return error;
  const corrections =
    error instanceof FlagNotFoundError ? error.corrections.map((flag) => `did you mean --${flag}`) : [];
  const message = error.message.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase()).split("\n")[0] ?? "";
  return new UsageError("usage", message.replace(/, did you mean .*$/, "").replace(/\.$/, ""), {
    cause: error,
    hints: [...corrections, `${name} COMMAND --help`],
  });
}

function unknownCommand(name: string, input: string, corrections: readonly string[]): UsageError {
  const hints = corrections.map((correction) => `did you mean ${correction}`);
  return new UsageError("unknown-command", `there is no command ${input}`, { hints: [...hints, `${name} --help`] });
}
