import { open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isExecutable, pathCandidates } from "./application-command.ts";

/** Interpreter lines of scripts are far shorter. */
const headBytes = 4096;

const shebang = /^#!\s*(\S+)[ \t]*([^\n]*)/;
/** What pip and distlib write where a path is too long or has spaces: a shell line that Python takes for a string. */
const shellTrampoline = /^#!\/bin\/sh\r?\n'''exec' (?:"([^"\n]+)"|(\S+)) /;
const pythonName = /^(?:python|pypy)[\d.]*$/;

/**
 * Finds the Python that a command runs in: from its first line, or in the folder beside it, as in a virtual environment.
 * @param command path of the application's command
 * @param search environment whose PATH counts for `#!/usr/bin/env python3`
 * @returns undefined when the command does not tell
 */
export async function commandInterpreter(
  command: string,
  search: { env: Readonly<Record<string, string | undefined>>; cwd: string },
): Promise<string | undefined> {
  const head = await readHead(command);
  const trampoline = shellTrampoline.exec(head);
  const named = trampoline?.[1] ?? trampoline?.[2] ?? shebangPython(head);
  const candidates: string[] = [];
  if (named !== undefined)
    candidates.push(...(named.includes("/") ? [named] : pathCandidates(named, search.env, search.cwd)));
  candidates.push(join(dirname(command), "python3"), join(dirname(command), "python"));
  // A system's bin folder has its own Python beside all commands: that says nothing about a command which is no Python.
  const isPython = named !== undefined || (await isVirtualEnvironment(dirname(dirname(command))));
  if (!isPython) return undefined;
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
