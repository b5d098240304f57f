import { proposeCompletions, run } from "@stricli/core";
import { buildApp, commandNames } from "./app.ts";
import { hasFlag, splitCommandLine } from "./command-line.ts";
import type { Context } from "./context.ts";
import { endingOf } from "./ending.ts";
import { ExitCode } from "./errors.ts";
import { processContext } from "./process-context.ts";
import { coloursFor } from "./terminal/colours.ts";
import { errorRecord, formatError } from "./terminal/error-text.ts";

/** Runs the program with its arguments and tells its exit code. Prints what went wrong; throws nothing. */
export async function main(process: NodeJS.Process): Promise<number> {
  return runCommandLine(processContext(process), process.argv.slice(2));
}

/**
 * Runs a command line.
 * @returns the exit code
 */
export async function runCommandLine(context: Context, given: readonly string[]): Promise<number> {
  const { command, args } = splitCommandLine(given, ["migrations"]);
  try {
    if (command === "__complete") return await complete(context, given.slice(1));
    if (context.calledAs === "nextgisweb" && command !== undefined && !commandNames.includes(command)) {
      const { handOver } = await import("./commands/hand-over.ts");
      return await handOver(context, given);
    }
    return await runOurs(context, args);
  } catch (error) {
    return printError(context, args, error);
  }
}

async function runOurs(context: Context, args: readonly string[]): Promise<number> {
  let failure: { error: unknown } | undefined;
  let exitCode: number = ExitCode.done;
  const app = buildApp(context.calledAs, readVersion, (error) => {
    failure ??= { error };
  });
  const table = {
    context,
    setExitCode(code: number) {
      exitCode = code;
    },
    // Errors are taken by the handler above, so what is written to stderr here is empty.
    process: {
      // That a switch is off by default needs no telling.
      stdout: {
        write: (text: string) => void context.stdout.write(text.replaceAll(/ *\[default = (?:false|\[\])\]/g, "")),
      },
      stderr: { write() {} },
      exitCode: undefined as number | string | null | undefined,
    },
  };
  await run(app, args, table);
  if (failure !== undefined) return printError(context, args, failure.error);
  return exitCode;
}

function printError(context: Context, args: readonly string[], thrown: unknown): number {
  const { error, exitCode } = endingOf(thrown, context.signal);
  if (hasFlag(args, "--json")) context.stdout.write(`${JSON.stringify({ ...errorRecord(error), exitCode })}\n`);
  else {
    const verbose = hasFlag(args, "--verbose", "-v");
    context.stderr.write(formatError(error, { colours: coloursFor(context.stderr, context.env), verbose }));
  }
  return exitCode;
}

async function complete(context: Context, words: readonly string[]): Promise<number> {
  const app = buildApp(context.calledAs, readVersion, () => {});
  const silent = { write() {} };
  const table = { context, setExitCode() {}, process: { stdout: silent, stderr: silent } };
  const proposals = await proposeCompletions(app, words, table);
  context.stdout.write(proposals.map(({ completion }) => `${completion}\n`).join(""));
  return ExitCode.done;
}

async function readVersion(): Promise<string> {
  return (await import("./version.ts")).toolVersion;
}
