import { AppError, RefusedError, UsageError } from "../../errors.ts";
import type { ChildError } from "../../processes/child-process.ts";

/** Exit codes of rclone that say that a path is not there: directory, file. */
const missingCodes = [3, 4];
/** "Temporary error (one that more retries might fix)". */
const passingCode = 5;

const denied =
  /permission denied|access ?denied|unauthorized|unauthenticated|forbidden|invalid credentials|unable to authenticate|handshake failed: ssh|\b40[13]\b/i;
const passing =
  /connection (?:refused|reset|closed|lost|timed out)|broken pipe|i\/o timeout|unexpected EOF|no such host|temporary failure|timeout awaiting|\b(?:429|500|502|503|504)\b/i;

/** Whether rclone found nothing under a path. */
export function isMissing(error: ChildError): boolean {
  return missingCodes.includes(error.status ?? 0);
}

/** Whether the same may work in a moment. */
export function isPassing(error: ChildError): boolean {
  return error.status === passingCode || passing.test(error.stderr);
}

/**
 * What a failure of rclone means for users: that there is no rclone, no such remote, no permission, or what rclone says.
 * @param doing what was tried on which path: `read rclone:nas:backup/a.ngwbackup`
 */
export function rcloneError(error: ChildError, doing: string): AppError {
  const cause = error;
  if ((error.cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT")
    return new RefusedError("no-rclone", `cannot ${doing}: the program rclone was not found`, {
      cause,
      hints: ["apt-get install rclone", "or say where it is: rclone.path in section [ngwbackup] of the configuration"],
    });
  const said = wordsOf(error.stderr);
  if (/didn't find section in config file|config name contains invalid characters/.test(error.stderr))
    return new UsageError("rclone-remote", `cannot ${doing}: rclone knows no remote of that name`, {
      cause,
      hints: ["rclone listremotes", "rclone config makes one; rclone.config in section [ngwbackup] names its file"],
    });
  const reason = said.at(-1) ?? error.message;
  if (denied.test(error.stderr))
    return new RefusedError("store-denied", `cannot ${doing}: ${reason}`, { cause, details: said.slice(0, -1) });
  return new AppError("store-failed", `cannot ${doing}: ${reason}`, { cause, details: said.slice(0, -1) });
}

/** The last lines of what rclone printed, without times, repetitions, and what may be a password in a URL. */
function wordsOf(stderr: string): string[] {
  const lines = stderr
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "" && !/ (?:NOTICE|INFO|DEBUG) *:/.test(line))
    .map((line) => line.replace(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /, "").replaceAll(/\/\/[^/@\s]*@/g, "//...@"));
  return [...new Set(lines)].slice(-5);
}
