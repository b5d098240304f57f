import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { AppError, type AppErrorOptions, messageOf } from "../errors.ts";

/** The `code` of a system error, "" for anything else. */
export function systemCode(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" ? code : "";
}

/** Free bytes for us where a path is, or undefined when the system does not say. */
export async function freeBytesAt(path: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

/** What was being written when it failed. */
export interface WriteFailure {
  path: string;
  /** Bytes that were to be written now. */
  neededBytes: number;
  /** Bytes that were written before. */
  writtenBytes: number;
}

/**
 * The error for a failed write: a full disk or quota is named with bytes needed and free, anything else with the
 * system's message.
 */
export async function writeError(error: unknown, failure: WriteFailure): Promise<AppError> {
  if (error instanceof AppError) return error;
  const { path, neededBytes, writtenBytes } = failure;
  const code = systemCode(error);
  const options: AppErrorOptions = { cause: error };
  if (code === "ENOSPC" || code === "EDQUOT") {
    const free = await freeBytesAt(dirname(path));
    const what = code === "ENOSPC" ? "no space left" : "disk quota used up";
    return new AppError(
      "no-space",
      `${what} writing ${path}: needed ${neededBytes} more bytes after ${writtenBytes}, ${free ?? "unknown"} bytes free`,
      { ...options, hints: [`free some space: df -h ${dirname(path)}`, "or name another folder as the target"] },
    );
  }
  if (code === "EFBIG") {
    return new AppError(
      "file-too-large",
      `${path} grew larger than its file system allows, after ${writtenBytes} bytes`,
      {
        ...options,
        hints: ["name a folder of another file system as the target"],
      },
    );
  }
  return new AppError("write-failed", `cannot write ${path} after ${writtenBytes} bytes: ${messageOf(error)}`, options);
}

/** The error for a file or folder that could not be made. */
export async function createError(error: unknown, path: string): Promise<AppError> {
  if (error instanceof AppError) return error;
  const code = systemCode(error);
  if (code === "ENOSPC" || code === "EDQUOT") return await writeError(error, { path, neededBytes: 1, writtenBytes: 0 });
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
