import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, isAbsolute, resolve } from "node:path";
import { RefusedError } from "../errors.ts";
import { isOwnProgram } from "./own-program.ts";

/** Where the installed application's command is looked for. */
export interface CommandSearch {
  /** `[ngwbackup] application.command`: a path, or a name to be found in PATH; `nextgisweb` when left out. */
  command?: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Folder against which a relative path counts. */
  cwd: string;
  /** Paths that turned out to lead back to us. */
  skip?: ReadonlySet<string>;
}

/**
 * Finds the installed application's own command, never ours.
 * @returns absolute path; undefined when nothing is configured and PATH has none
 * @throws RefusedError when the configured one is not there, cannot be executed, or is ngwbackup itself
 */
export async function findApplicationCommand(search: CommandSearch): Promise<string | undefined> {
  const { command, env, cwd, skip } = search;
  if (command !== undefined && command.includes("/")) {
    const path = resolve(cwd, command);
    if (!(await isExecutable(path)))
      throw new RefusedError("application-command", `application.command ${path} is not an executable file`, {
        hints: [setCommandHint],
      });
    if (await isOwnProgram(path))
      throw new RefusedError("application-command", `application.command ${path} is ngwbackup itself`, {
        hints: [setCommandHint],
      });
    return path;
  }
  for (const path of pathCandidates(command ?? "nextgisweb", env, cwd)) {
    if (skip?.has(path) !== true && (await isExecutable(path)) && !(await isOwnProgram(path))) return path;
  }
  if (command === undefined) return undefined;
  throw new RefusedError("application-command", `application.command ${command} is in no folder of PATH`, {
    hints: [setCommandHint],
  });
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
