import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, isAbsolute, resolve } from "node:path";
import { UsageError } from "../errors.ts";
import { isOwnProgram } from "./own-program.ts";

/** Where the installed application's command is looked for. */
export interface CommandSearch {
  /** `[ngwbackup] application.command`: a path or a name in PATH, and first arguments; `nextgisweb` when left out. */
  command?: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  /** Folder against which a relative path counts. */
  cwd: string;
  /** Paths that turned out to lead back to us. */
  skip?: ReadonlySet<string>;
}

/** The installed application's own command. */
export interface ApplicationCommand {
  /** Absolute. */
  path: string;
  /** Arguments that come before all others: of `sudo -u ngw /opt/ngw/env/bin/nextgisweb` the last three. */
  firstArgs: readonly string[];
}

/** The command and arguments as text, for messages and hints. */
export function commandText({ path, firstArgs }: ApplicationCommand, args: readonly string[] = []): string {
  return [path, ...firstArgs, ...args].join(" ");
}

/**
 * Finds the installed application's own command, never ours.
 * @returns undefined when nothing is configured and PATH has none
 * @throws UsageError (exit 2) when the configured one is not there, cannot be executed, or is ngwbackup itself
 */
export async function findApplicationCommand(search: CommandSearch): Promise<ApplicationCommand | undefined> {
  const { env, cwd, skip } = search;
  const [name, ...firstArgs] = search.command ?? [];
  const refused = (why: string): UsageError =>
    new UsageError("application-command", `application.command ${name ?? ""} ${why}`, { hints: [setCommandHint] });
  if (name?.includes("/") === true) {
    const path = resolve(cwd, name);
    if (!(await isExecutable(path))) throw refused("is not an executable file");
    if (await isOwnProgram(path)) throw refused("is ngwbackup itself");
    return { path, firstArgs };
  }
  for (const path of pathCandidates(name ?? "nextgisweb", env, cwd)) {
    if (skip?.has(path) !== true && (await isExecutable(path)) && !(await isOwnProgram(path)))
      return { path, firstArgs };
  }
  if (name === undefined) return undefined;
  throw refused("is in no folder of PATH");
}

/** What to do when the application is not found by itself. */
export const setCommandHint =
  "set application.command in section [ngwbackup] of the configuration to the path of the application's nextgisweb, for example /opt/ngw/env/bin/nextgisweb";

/** Every path at which PATH would find a name, in order. Empty members, which stand for the current folder, do not count. */
export function pathCandidates(name: string, env: Readonly<Record<string, string | undefined>>, cwd: string): string[] {
  const folders = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => (isAbsolute(folder) ? resolve(folder, name) : resolve(cwd, folder, name)));
}

/** Whether a path leads to a file that may be executed. */
export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
