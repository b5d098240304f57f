import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError, ExitCode, messageOf } from "../../errors.ts";

const readBytes = 64 * 1024;
const shownLines = 20;

/**
 * What a run that was started by itself prints: its stdout and its stderr go into one private file without a name, which is
 * there as long as the run or we have it open. So the run goes on when we end, and nothing stays behind.
 */
export interface ChildLog {
  /** For the run's streams. */
  fd: number;
  /** The error that the run has ended with, as it printed it with `--json`. @param exitCode null when it was killed */
  readError(exitCode: number | null): Promise<AppError>;
  /** The run keeps its own. */
  close(): Promise<void>;
}

/** @param folder that is ours alone @throws AppError when the file cannot be made */
export async function openChildLog(folder: string): Promise<ChildLog> {
  const path = join(folder, `run-output-${randomBytes(8).toString("hex")}`);
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  let file: FileHandle;
  try {
    file = await open(path, flags, 0o600);
    await rm(path);
  } catch (error) {
    throw new AppError("state-folder", `cannot write to ${folder}: ${messageOf(error)}`, { cause: error });
  }
  return {
    fd: file.fd,
    readError: async (exitCode) => childError(await endOf(file), exitCode),
    close: () => file.close(),
  };
}

async function endOf(file: FileHandle): Promise<string> {
  const { size } = await file.stat();
  const lengthBytes = Math.min(size, readBytes);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(lengthBytes), 0, lengthBytes, size - lengthBytes);
  return buffer.toString("utf8", 0, bytesRead);
}

/**
 * The error with which a program of ours has ended.
 * @param output the end of what it printed with `--json`
 * @param exitCode null when it was killed
 */
export function childError(output: string, exitCode: number | null): AppError {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  for (const line of lines.toReversed()) {
    const record = parseRecord(line);
    if (record?.["type"] !== "error") continue;
    const { code, message, hint, details } = record;
    return new AppError(
      String(code),
      String(message),
      {
        hints: typeof hint === "string" ? hint.split("\n") : [],
        details: Array.isArray(details) ? details.map(String) : [],
      },
      exitCode ?? ExitCode.failed,
    );
  }
  const how = exitCode === null ? "was killed" : `ended with exit status ${exitCode}`;
  return new AppError("child-failed", `the program ${how}, and did not say why`, { details: lines.slice(-shownLines) });
}

/** A line of JSON that is an object; undefined for any other. */
export function parseRecord(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
