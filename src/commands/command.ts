import type { CommandContext as StricliContext } from "@stricli/core";
import type { Context } from "../context.ts";
import { AppError } from "../errors.ts";
import type { RunKind } from "../history/run.ts";
import { serverError, withServerHints } from "../postgres/server-error.ts";
import { type CommandOutput, openOutput } from "../terminal/output.ts";

/** What every command gets as `this`: the outside world, and where its news and result go. */
export interface CommandContext extends Context {
  readonly output: CommandOutput;
  /** The exit code of a command that ends without an error, when it is not 0: losses, for example. */
  setExitCode(exitCode: number): void;
}

/** Flags that every command takes. */
export interface CommonFlags {
  /** Configuration files, in order; empty when none was named. */
  readonly config: readonly string[];
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** What the command table's library hands on to commands; only {@link lazyCommand} sees it. */
export interface TableContext extends StricliContext {
  readonly context: Context;
  setExitCode(exitCode: number): void;
}

/** A command's implementation, the default export of its file. */
export type CommandAction<FLAGS extends CommonFlags, ARGS extends readonly unknown[]> = (
  this: CommandContext,
  flags: FLAGS,
  ...args: ARGS
) => Promise<void>;

/** A run that goes into the history. */
export interface RecordedCommand {
  kind: RunKind;
  /** The archives that are named: as they were given. */
  archives?: readonly string[];
}

/**
 * A loader for the command table: the implementation is imported when the command runs, gets its output opened by the
 * common flags, and has it closed at the end, whatever the end is.
 * @param recorded tells which run a command line is; undefined for one that is none, a dry run for example
 */
export function lazyCommand<FLAGS extends CommonFlags, ARGS extends readonly unknown[]>(
  load: () => Promise<{ default: CommandAction<FLAGS, ARGS> }>,
  recorded: (flags: FLAGS, ...args: ARGS) => RecordedCommand | undefined = () => undefined,
): () => Promise<(this: TableContext, flags: FLAGS, ...args: ARGS) => Promise<void>> {
  return async () => {
    const { default: action } = await load();
    return async function run(this: TableContext, flags: FLAGS, ...args: ARGS): Promise<void> {
      const output = openOutput(this.context, flags);
      const command = { ...this.context, output, setExitCode: (code: number) => this.setExitCode(code) };
      const work = async (given: CommandContext): Promise<void> => {
        try {
          await action.call(given, flags, ...args);
        } catch (error) {
          throw error instanceof AppError ? withServerHints(error) : (serverError(error) ?? error);
        }
      };
      const plan = recorded(flags, ...args);
      try {
        if (plan === undefined) await work(command);
        else {
          const { runRecorded } = await import("./recorded-command.ts");
          await runRecorded(command, plan, flags.config, work);
        }
      } finally {
        output.close();
      }
    };
  };
}
