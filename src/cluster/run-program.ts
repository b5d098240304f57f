import { spawn } from "node:child_process";

/** What a program that ran to its end left behind. */
export interface ProgramResult {
  /** Exit code; undefined when a signal ended it or it could not be started. */
  exitCode: number | undefined;
  stdout: string;
  stderr: string;
  /** Why it could not be started. */
  startError?: Error;
}

/** How a program is run: environment, user, wish to stop. */
export interface ProgramOptions {
  env: Readonly<Record<string, string | undefined>>;
  cwd?: string;
  uid?: number;
  gid?: number;
  signal?: AbortSignal;
}

/** Output beyond this is dropped: the programs run here print little. */
const keptOutputCharacters = 1024 * 1024;

/**
 * Runs a program to its end, without a shell and without input, and collects what it prints. Never throws: a program
 * that does not exist is a result too.
 */
export function runProgram(path: string, args: readonly string[], options: ProgramOptions): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const { env, cwd, uid, gid, signal } = options;
    let stdout = "";
    let stderr = "";
    const child = spawn(path, args, {
      env: { ...env },
      stdio: ["ignore", "pipe", "pipe"],
      ...(cwd === undefined ? {} : { cwd }),
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
      ...(signal === undefined ? {} : { signal }),
    });
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (stdout.length < keptOutputCharacters) stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (stderr.length < keptOutputCharacters) stderr += text;
    });
    child.on("error", (startError) => resolve({ exitCode: undefined, stdout, stderr, startError }));
    child.on("close", (code) => resolve({ exitCode: code ?? undefined, stdout, stderr }));
  });
}
