import { loadSettings } from "../config/settings.ts";
import type { Context } from "../context.ts";
import { AppError, UsageError } from "../errors.ts";
import { findApplicationCommand, setCommandHint } from "../migrations/application-command.ts";
import { runInherited } from "../processes/inherited-process.ts";
import { splitCommandLine } from "../command-line.ts";

/**
 * Environment variable that travels with a command that was handed over, so that a script which leads back to us is passed
 * over the second time: JSON of the arguments, the paths that were tried with them, and how often anything was handed over.
 */
const trailVariable = "NGWBACKUP_HANDED_OVER";

/** More hand-overs inside each other than this are a circle, even when the arguments differ each time. */
const maxDepth = 10;

interface Trail {
  args: readonly string[];
  paths: readonly string[];
  depth: number;
}

/**
 * Hands a command that is not ours to the installed application's own `nextgisweb`, with all arguments, all streams and
 * every signal.
 * @returns its exit code, 128 and the signal's number when a signal ended it
 * @throws UsageError (exit 2) when there is no other `nextgisweb`
 */
export async function handOver(context: Context, args: readonly string[]): Promise<number> {
  const trail = readTrail(context.env[trailVariable]);
  const sameCall = trail !== undefined && JSON.stringify(trail.args) === JSON.stringify(args);
  const tried = sameCall ? trail.paths : [];
  const depth = (trail?.depth ?? 0) + 1;
  const configured = await configuredCommand(context, args);
  const { env, cwd } = context;
  const skip = new Set(tried);
  const search = { env, cwd, skip };
  const found =
    depth > maxDepth
      ? undefined
      : ((configured === undefined ? undefined : await findApplicationCommand({ ...search, command: configured })) ??
        (await findApplicationCommand(search)));
  if (found === undefined || skip.has(found.path)) throw noOther(args, tried);
  const next: Trail = { args, paths: [...tried, found.path], depth };
  return runInherited(found.path, [...found.firstArgs, ...args], {
    env: { ...env, [trailVariable]: JSON.stringify(next) },
    cwd,
    signal: context.signal,
    fromTerminal: context.stdin.isTTY === true,
  });
}

function noOther(args: readonly string[], tried: readonly string[]): UsageError {
  const { command = args[0] ?? "" } = splitCommandLine(args, []);
  return new UsageError(
    "no-other-nextgisweb",
    `${command} is not a command of ngwbackup, and no other nextgisweb was found`,
    {
      details: tried.map((path) => `${path} leads back to ngwbackup`),
      hints: [setCommandHint, "commands of ngwbackup: ngwbackup --help"],
    },
  );
}

/** `application.command`, where the configuration can be read: the application will complain itself if it cannot. */
async function configuredCommand(context: Context, args: readonly string[]): Promise<readonly string[] | undefined> {
  const configPaths = args.flatMap((argument, index) => {
    if (argument === "--config") return args.slice(index + 1, index + 2);
    return argument.startsWith("--config=") ? [argument.slice("--config=".length)] : [];
  });
  try {
    const { ngwbackup } = await loadSettings({ env: context.env, cwd: context.cwd, configPaths });
    return ngwbackup.applicationCommand;
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

function readTrail(text: string | undefined): Trail | undefined {
  if (text === undefined) return undefined;
  try {
    const { args, paths, depth } = JSON.parse(text) as Partial<Trail>;
    if (isTextList(args) && isTextList(paths) && typeof depth === "number") return { args, paths, depth };
  } catch {
    // Somebody else's: as if there was none.
  }
  return undefined;
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
