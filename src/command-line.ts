/** Flags of every command that may also stand before the command, as in `nextgisweb --config PATH backup`. */
const leadingFlags = new Set(["--json", "--quiet", "-q", "--verbose", "-v"]);

/** A command line cut at its command. */
export interface CommandLine {
  /** The command's name; undefined when there are only flags. */
  command: string | undefined;
  /** The same arguments, common flags moved behind the command and its subcommand. */
  args: readonly string[];
}

/**
 * Finds the command of a command line.
 * @param subcommandsOf names of commands that have subcommands
 */
export function splitCommandLine(given: readonly string[], subcommandsOf: readonly string[]): CommandLine {
  let index = 0;
  for (let argument = given[index]; argument !== undefined; argument = given[index]) {
    if (argument === "--config") index += 2;
    else if (argument.startsWith("--config=") || leadingFlags.has(argument)) index += 1;
    else break;
  }
  const command = given[index];
  if (command === undefined || command.startsWith("-")) return { command: undefined, args: given };
  let end = index + 1;
  const next = given[end];
  if (subcommandsOf.includes(command) && next !== undefined && !next.startsWith("-")) end += 1;
  return { command, args: [...given.slice(index, end), ...given.slice(0, index), ...given.slice(end)] };
}

/** Whether a flag is given, before any `--`: for errors that come before flags are read properly. */
export function hasFlag(args: readonly string[], ...names: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end === -1 ? args : args.slice(0, end)).some((argument) => names.includes(argument));
}
