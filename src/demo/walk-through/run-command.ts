import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { AppError } from "../../errors.ts";

/** What a command of the walk-through is run with. */
export interface CommandRun {
  args: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  signal: AbortSignal;
  /** Takes what the command prints, on either stream, line by line. */
  onLine(line: string): void;
}

const program = fileURLToPath(new URL("../../../bin/ngwbackup", import.meta.url));

/**
 * Runs `ngwbackup` as its users do, as a program of its own, and returns what it printed to stdout. When the signal is
 * aborted the program is told once to stop, and has ended when this returns.
 * @throws AppError when it ends with anything but 0
 */
export async function runCommand(run: CommandRun): Promise<string> {
  run.signal.throwIfAborted();
  // A group of its own: a Ctrl-C at the terminal would reach it a second time, which means "at once" to it.
  const child = spawn(program, run.args, {
    env: { ...run.env },
    cwd: run.cwd,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const onAbort = (): void => void child.kill("SIGINT");
  run.signal.addEventListener("abort", onAbort, { once: true });
  try {
    const closed = once(child, "close");
    const stdout: string[] = [];
    await Promise.all([
      eachLine(child.stdout, (line) => {
        stdout.push(`${line}\n`);
        run.onLine(line);
      }),
      eachLine(child.stderr, (line) => run.onLine(line)),
      closed,
    ]);
    run.signal.throwIfAborted();
    if (child.exitCode !== 0) {
      const how =
        child.exitCode === null ? `was ended by ${child.signalCode}` : `ended with exit code ${child.exitCode}`;
      throw new AppError("demo-command", `ngwbackup ${run.args[0] ?? ""} ${how}`);
    }
    return stdout.join("");
  } finally {
    run.signal.removeEventListener("abort", onAbort);
  }
}

async function eachLine(stream: Readable, onLine: (line: string) => void): Promise<void> {
  for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) onLine(line);
}
