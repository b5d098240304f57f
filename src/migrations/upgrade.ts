import type { Writable } from "node:stream";
import { AppError, messageOf } from "../errors.ts";
import { ChildError, runChild } from "../processes/child-process.ts";
import { type ApplicationCommand, commandText } from "./application-command.ts";

/** How the installed application's own migration command is run. */
export interface UpgradeOptions {
  /** The application's command, as `findApplicationCommand` gives it. */
  command: ApplicationCommand;
  /** True: only show what would be done. */
  dryRun: boolean;
  /** Environment of the command; `NEXTGISWEB_CONFIG` in it says which configuration counts. */
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  /** Where its output is shown as it comes. Stays open. */
  stdout: Writable;
  /** Where its messages are shown as they come. Stays open. */
  stderr: Writable;
  /** Ends the command by SIGTERM; it rolls back then. */
  signal: AbortSignal;
}

/** The application's migration command failed, or there is none (exit 1). */
export class UpgradeError extends AppError {
  /** Exit status of the command; undefined when a signal ended it, it did not start, or there is none. */
  readonly status: number | undefined;

  constructor(
    message: string,
    options: { status?: number; cause?: unknown; hints?: readonly string[]; details?: readonly string[] },
  ) {
    super("migrations-upgrade", message, options);
    this.status = options.status;
  }
}

/**
 * The two ways in which releases name the command: `migration upgrade`, and `migration.upgrade` up to 3.9.
 */
const commandForms: readonly (readonly string[])[] = [["migration", "upgrade"], ["migration.upgrade"]];

/** Asking for help starts the whole application, which takes seconds on a busy machine, and never longer than this. */
const helpTimeoutMs = 120_000;

/**
 * Applies pending migrations, or shows which, by the application's own command, whose output is passed on as it is.
 * @throws UpgradeError with the command's exit status when it fails; also when it has no such command
 */
export async function runUpgrade(options: UpgradeOptions): Promise<void> {
  const form = await upgradeForm(options);
  const args = options.dryRun ? form : [...form, "--no-dry-run"];
  const { path, firstArgs } = options.command;
  const line = commandText(options.command, args);
  try {
    await runChild(path, [...firstArgs, ...args], options);
  } catch (error) {
    options.signal.throwIfAborted();
    throw new UpgradeError(error instanceof ChildError ? error.message : `cannot run ${line}: ${messageOf(error)}`, {
      cause: error,
      ...(error instanceof ChildError && error.status !== undefined ? { status: error.status } : {}),
      hints: options.dryRun
        ? [`see its output above, and what it says by itself: ${line}`]
        : [
            "see its output above; the application applies migrations in one transaction, so that none or all are applied",
          ],
    });
  }
}

/**
 * Wraps a failure of {@link runUpgrade} after a restore, so that nobody takes the restore for failed.
 * @param retryCommand what applies the migrations, for the hint
 */
export function upgradeAfterRestoreError(error: unknown, retryCommand: string): AppError {
  return new AppError(
    "restored-not-upgraded",
    `the restore is complete, but the migrations after it failed: ${messageOf(error)}`,
    {
      cause: error,
      details: error instanceof AppError ? error.details : [],
      hints: [
        `when the reason is mended: ${retryCommand}`,
        "to go back to what was there before the restore: ngwbackup restore --undo",
      ],
    },
  );
}

/**
 * The environment in which the application reads the configuration that we read, whatever named it.
 * @param configPaths configuration files in order, absolute; empty leaves the environment as it is
 */
export function applicationEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  configPaths: readonly string[],
): Record<string, string | undefined> {
  return configPaths.length === 0 ? { ...env } : { ...env, NEXTGISWEB_CONFIG: configPaths.join(":") };
}

/** Finds out by asking for help, without side effects, how the installed release names its command. */
async function upgradeForm(options: UpgradeOptions): Promise<readonly string[]> {
  const failures: unknown[] = [];
  for (const form of commandForms) {
    const timeout = AbortSignal.timeout(helpTimeoutMs);
    try {
      await runChild(options.command.path, [...options.command.firstArgs, ...form, "--help"], {
        env: options.env,
        cwd: options.cwd,
        signal: AbortSignal.any([options.signal, timeout]),
      });
      return form;
    } catch (error) {
      options.signal.throwIfAborted();
      failures.push(error);
    }
  }
  throw new UpgradeError(`${commandText(options.command)} has no migration command that answers`, {
    cause: failures.at(0),
    details: failures.flatMap((error) => [messageOf(error), ...(error instanceof AppError ? error.details : [])]),
    hints: [`see what it says by itself: ${commandText(options.command, ["migration", "upgrade", "--help"])}`],
  });
}
