import { open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type ApplicationCommand, isExecutable, pathCandidates } from "./application-command.ts";

/** Interpreter lines of scripts are far shorter. */
const headBytes = 4096;

const shebang = /^#!\s*(\S+)[ \t]*([^\n]*)/;
/** What pip and distlib write where a path is too long or has spaces: a shell line that Python takes for a string. */
const shellTrampoline = /^#!\/bin\/sh\r?\n'''exec' (?:"([^"\n]+)"|(\S+)) /;
const pythonName = /^(?:python|pypy)[\d.]*$/;

/**
 * Finds the Python that a command runs in: from its first line, or in the folder beside it, as in a virtual environment.
 * Of a command with first arguments (`sudo -u ngw /opt/ngw/env/bin/nextgisweb`) any path among them counts, the last first.
 * @param command of the application
 * @param search environment whose PATH counts for `#!/usr/bin/env python3`
 * @returns undefined when the command does not tell
 */
export async function commandInterpreter(
  command: ApplicationCommand,
  search: { env: Readonly<Record<string, string | undefined>>; cwd: string },
): Promise<string | undefined> {
  const paths = [command.path, ...command.firstArgs.filter((word) => word.startsWith("/"))];
  for (const path of paths.reverse()) {
    const python = (await isExecutable(path)) ? await fileInterpreter(path, search) : undefined;
    if (python !== undefined) return python;
  }
  return undefined;
}

async function fileInterpreter(
  path: string,
  search: { env: Readonly<Record<string, string | undefined>>; cwd: string },
): Promise<string | undefined> {
  if (pythonName.test(basename(path))) return path;
  const head = await readHead(path);
  const trampoline = shellTrampoline.exec(head);
  const named = trampoline?.[1] ?? trampoline?.[2] ?? shebangPython(head);
  // A system's bin folder has its own Python beside all commands: that says nothing about a command which is no Python.
  if (named === undefined && !(await isVirtualEnvironment(dirname(dirname(path))))) return undefined;
  const candidates: string[] = [];
  if (named !== undefined)
    candidates.push(...(named.includes("/") ? [named] : pathCandidates(named, search.env, search.cwd)));
  candidates.push(join(dirname(path), "python3"), join(dirname(path), "python"));
  for (const candidate of candidates) if (await isExecutable(candidate)) return candidate;
  return undefined;
}

function shebangPython(head: string): string | undefined {
  const match = shebang.exec(head);
  const program = match?.[1];
  if (program === undefined) return undefined;
  if (pythonName.test(basename(program))) return program;
  if (basename(program) !== "env") return undefined;
  return match?.[2]?.split(/\s+/).find((word) => pythonName.test(basename(word)));
}

async function readHead(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}

async function isVirtualEnvironment(folder: string): Promise<boolean> {
  try {
    await (await open(join(folder, "pyvenv.cfg"))).close();
    return true;
  } catch {
    return false;
  }
}
