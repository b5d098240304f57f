import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { AppError, messageOf } from "./errors.ts";

/** The `code` of a system error, "" for anything else. */
export function systemCode(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" ? code : "";
}

/** Whether something is an error of one of the system's calls, as Node throws it: `EIO`, `ENOSPC`, ... */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && !(error instanceof AppError) && /^E[A-Z0-9]+$/.test(systemCode(error));
}

const isFull = (code: string): boolean => code === "ENOSPC" || code === "EDQUOT";

/** Free bytes for us where a path is, or undefined when the system does not say. */
export function freeBytesAt(path: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

/** The nearest folder above a path that exists: an archive has its name when it is complete, and not before. */
function folderOf(path: string): string {
  let folder = dirname(path);
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
}

/** What is free in a folder; `0 inodes` explains a full disk that has bytes left. */
function freeIn(folder: string): string {
  try {
    const { bavail, bsize, files, ffree } = statfsSync(folder);
    return `${bavail * bsize} bytes${files > 0 && ffree === 0 ? " and 0 inodes" : ""} free`;
  } catch {
    return "unknown bytes free";
  }
}

/** What was being written when it failed. */
export interface WriteFailure {
  path: string;
  /** Bytes that were to be written now; 0 for what writes none: a sync, a rename. */
  neededBytes: number;
  /** Bytes that were written before. */
  writtenBytes: number;
}

/**
 * The error for a failed write: a full disk or quota is named with bytes needed and free, anything else with the
 * system's message.
 */
export function writeError(error: unknown, failure: WriteFailure): AppError {
  if (error instanceof AppError) return error;
  const { path, neededBytes, writtenBytes } = failure;
  const code = systemCode(error);
  if (isFull(code)) {
    const what = code === "ENOSPC" ? "no space left" : "disk quota used up";
    const needed = neededBytes > 0 ? `needed ${neededBytes} more bytes` : "needed a little more";
    return new AppError(
      "no-space",
      `${what} writing ${path}: ${needed} after ${writtenBytes}, ${freeIn(folderOf(path))}`,
      { cause: error, hints: hintsFor(code, path) },
    );
  }
  if (code === "EFBIG") {
    return new AppError(
      "file-too-large",
      `${path} grew larger than its file system or a limit of this process allows, after ${writtenBytes} bytes`,
      { cause: error, hints: hintsFor(code, path) },
    );
  }
  return new AppError("write-failed", `cannot write ${path} after ${writtenBytes} bytes: ${messageOf(error)}`, {
    cause: error,
    hints: hintsFor(code, path),
  });
}

/** The error for a file or folder that could not be made. */
export function createError(error: unknown, path: string): AppError {
  if (error instanceof AppError) return error;
  const code = systemCode(error);
  if (isFull(code)) return writeError(error, { path, neededBytes: 1, writtenBytes: 0 });
  const folder = dirname(path);
  const reasons: Record<string, string> = {
    ENOENT: `there is no folder ${folder}`,
    ENOTDIR: `${folder} is not a folder`,
    EACCES: `no permission to write in ${folder}`,
    EPERM: `no permission to write in ${folder}`,
    EROFS: `${folder} is on a read-only file system`,
    ENAMETOOLONG: "the name is too long",
  };
  const reason = reasons[code] ?? messageOf(error);
  return new AppError("target-not-writable", `cannot create ${path}: ${reason}`, { cause: error });
}

/**
 * An error of the system that was met anywhere as one for the administrator; anything else as it is.
 * @param what comes before what the system says
 * @param afterwards what comes behind it
 */
export function systemFailure(error: unknown, what = "a file could not be read or written", afterwards = ""): unknown {
  if (!isSystemError(error)) return error;
  const { code = "" } = error;
  const { dest, path = "" } = error as { dest?: string; path?: string };
  return new AppError("system-error", `${what}: ${error.message}${afterwards}`, {
    cause: error,
    hints: hintsFor(code, dest ?? path),
  });
}

/** Whether an error is one of {@link writeError}. */
export function isWriteError(error: unknown): error is AppError {
  return error instanceof AppError && ["file-too-large", "no-space", "write-failed"].includes(error.code);
}

/** Next steps for an error of the system that was met with a path; none for anything else, and for codes that have none. */
export function systemHints(error: unknown, path: string): string[] {
  return isSystemError(error) ? hintsFor(systemCode(error), path) : [];
}

/** A next step for the codes that have one. */
function hintsFor(code: string, path: string): string[] {
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return [`free some space: df -h ${folderOf(path)}; df -i tells of inodes`, "or name a folder on another disk"];
    case "EFBIG":
      return ["ulimit -f tells the limit of this process; else name a folder of another file system"];
    case "EMFILE":
    case "ENFILE":
      return ["raise the limit of open files: ulimit -n, or LimitNOFILE of a systemd unit"];
    case "EACCES":
    case "EPERM":
      return ["run as the user that owns it, or as root"];
    case "EIO":
      return ["look at the system's log, the disk may be failing: dmesg | tail"];
    default:
      return [];
  }
}

/**
 * Does something with a file that is open; what the system says of it names no path, and is made to.
 * @throws what the action throws
 */
export async function namingFile<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw named(error, path);
  }
}

/** As {@link namingFile}, for calls that wait. */
export function namingFileNow<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw named(error, path);
  }
}

function named(error: unknown, path: string): unknown {
  if (!isSystemError(error) || error.path !== undefined) return error;
  error.message += ` '${path}'`;
  error.path = path;
  return error;
}
