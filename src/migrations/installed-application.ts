import { basename, dirname, resolve } from "node:path";
import { AppError, messageOf, RefusedError } from "../errors.ts";
import { runChild } from "../processes/child-process.ts";
import { type CommandSearch, commandText, findApplicationCommand, setCommandHint } from "./application-command.ts";
import type { ComponentFolder } from "./catalog.ts";
import { commandInterpreter } from "./interpreter.ts";
import { listComponentsScript } from "./list-components-script.ts";

/** Where the installed application is looked for: options of section `[ngwbackup]`, environment, wish to stop. */
export interface ApplicationSearch extends CommandSearch {
  /** `application.python`: the Python that the application is installed in; the command's own when left out. */
  python?: string;
  /** `application.migrations`: migration folders; nothing is run then. A component is named for the folder around it. */
  migrationFolders?: readonly string[];
  signal?: AbortSignal;
}

/** The components of the installed application. */
export interface InstalledApplication {
  components: ComponentFolder[];
  /** False when only migration folders were named: other components may be installed. */
  complete: boolean;
  /** Version of its package `nextgisweb`, when there is one. */
  version: string | undefined;
  /** What told: the Python, or the option. */
  source: string;
}

/** Listing packages takes a second; a Python that takes longer than this hangs. */
const listTimeoutMs = 60_000;

/**
 * Finds the components of the installed application and their migration folders.
 * @throws RefusedError when no application is installed, or the Python that was found cannot tell; with what to configure
 */
export async function findInstalledApplication(search: ApplicationSearch): Promise<InstalledApplication> {
  if (search.migrationFolders !== undefined && search.migrationFolders.length > 0) {
    const components = search.migrationFolders.map((folder) => {
      const path = resolve(search.cwd, folder);
      return { component: basename(dirname(path)), folder: path };
    });
    return { components, complete: false, version: undefined, source: "application.migrations" };
  }
  const python = await findPython(search);
  const stdout = await runLister(python, search);
  const found = parseListing(stdout);
  if (found === undefined)
    throw new RefusedError("application-python", `${python} did not list the application's components`, {
      details: stdout.split("\n").slice(0, 5),
      hints: [setPythonHint],
    });
  if (found.components.length === 0)
    throw new RefusedError("no-application", `no NextGIS Web is installed in ${python}`, { hints: [setPythonHint] });
  return { ...found, complete: true, source: python };
}

const setPythonHint =
  "set application.python in section [ngwbackup] of the configuration to the Python that the application is installed in, for example /opt/ngw/env/bin/python";

async function findPython(search: ApplicationSearch): Promise<string> {
  if (search.python !== undefined)
    return search.python.includes("/") ? resolve(search.cwd, search.python) : search.python;
  const command = await findApplicationCommand(search);
  if (command === undefined)
    throw new RefusedError("no-application", "no installed NextGIS Web was found: PATH has no nextgisweb but ours", {
      hints: [setCommandHint],
    });
  const python = await commandInterpreter(command, search);
  if (python === undefined)
    throw new RefusedError("application-python", `${commandText(command)} does not tell which Python it runs in`, {
      hints: [setPythonHint],
    });
  return python;
}

async function runLister(python: string, search: ApplicationSearch): Promise<string> {
  const timeout = AbortSignal.timeout(listTimeoutMs);
  try {
    const { stdout } = await runChild(python, ["-c", listComponentsScript], {
      label: python,
      env: search.env,
      cwd: search.cwd,
      signal: search.signal === undefined ? timeout : AbortSignal.any([search.signal, timeout]),
      killAfterMs: 2_000,
    });
    return stdout;
  } catch (error) {
    search.signal?.throwIfAborted();
    const why = timeout.aborted ? `no answer in ${listTimeoutMs / 1000} s` : messageOf(error);
    throw new RefusedError("application-python", `cannot list the application's components with ${python}: ${why}`, {
      cause: error,
      details: error instanceof AppError ? error.details : [],
      hints: [setPythonHint],
    });
  }
}

/** Takes the last line: an installation may print things of its own when Python starts. */
function parseListing(stdout: string): Pick<InstalledApplication, "components" | "version"> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || !("components" in value) || !("version" in value))
    return undefined;
  const { components, version } = value;
  if (typeof components !== "object" || components === null) return undefined;
  return {
    version: typeof version === "string" ? version : undefined,
    components: Object.entries(components).map(([component, folder]: [string, unknown]) => ({
      component,
      folder: typeof folder === "string" ? folder : undefined,
    })),
  };
}
