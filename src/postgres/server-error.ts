import { AppError, type AppErrorOptions, messageOf } from "../errors.ts";
import { sqlState } from "./connection-errors.ts";
import { lockHint } from "./lock-holders.ts";

/** SQLSTATEs of a session that the server has ended, and the system's codes of a connection that broke. */
const endedCodes =
  /^(?:08...|57P0[1-5]|25P0[345]|ECONNRESET|ECONNREFUSED|ECONNABORTED|EPIPE|ETIMEDOUT|ENETDOWN|ENETRESET|EHOSTUNREACH|ENETUNREACH)$/;

/** What the connection's package says when there is no code: about the connection itself, and about a query after its end. */
const endedMessages =
  /^Connection terminated|^Client (?:has encountered a connection error|was closed)|^write after end/;

/**
 * What stands behind an error that only the server, or the way to it, can be blamed for: nothing that an administrator should
 * report, and nothing that a stack explains.
 * @param error anything that was thrown
 * @param state what is true of things now, for the end of the message: `no archive was written`
 * @returns an AppError with a hint; undefined when it is something else, an AppError included
 */
export function serverError(error: unknown, state?: string): AppError | undefined {
  if (!(error instanceof Error) || error instanceof AppError) return undefined;
  const said = messageOf(error);
  const failed = (code: string, what: string, hints: readonly string[]): AppError => {
    const options: AppErrorOptions = { cause: error, hints, details: placeOf(error) };
    return new AppError(code, `${what}: ${said}${state === undefined ? "" : `; ${state}`}`, options);
  };
  if (isConnectionEnd(error)) return failed("server-gone", "the server has ended our connection", endHints);
  const code = sqlState(error);
  switch (code) {
    case recoveryConflict:
      return failed("recovery-conflict", "the standby has cancelled what we read", recoveryHints);
    case "57014":
      return failed("query-cancelled", "the server has cancelled a statement of ours", [
        "somebody cancelled it, or a timeout of the role or database did: try again",
      ]);
    case "55P03":
    case "40P01":
      return failed("locked", "others hold a lock that was waited for", [lockHint]);
    case "42501":
      return failed("no-privilege", "the role may not do what is needed", [
        "run it as the role that owns the database; ngwbackup check tells what else is missing",
      ]);
    case "42P01":
    case "3F000":
      return failed("dropped", "something was dropped in the meantime", ["try again"]);
  }
  if (code === "53200" && isOfLocks(error))
    return failed("no-lock-space", "the server has no room for locks", [lockSpaceHint]);
  if (/^(?:53|58)...$/.test(code)) return failed("server-failed", "the server has failed", [logHint]);
  if (/^XX00[12]$/.test(code)) return failed("server-damaged", "the server finds its own data damaged", [logHint]);
  return undefined;
}

/** The server's memory for locks is full: it has no code of its own for that, but a hint. */
const isOfLocks = (error: Error): boolean => /max_locks_per_transaction/.test(String(Reflect.get(error, "hint")));

/** What helps where the server cannot lock as many tables as there are. */
export const lockSpaceHint =
  "raise max_locks_per_transaction in postgresql.conf and restart the server, or try when less is at work";

/** In what only reads one snapshot, this code has no other reason. */
const recoveryConflict = "40001";

/** Whether a standby has cancelled a statement or session for the sake of what it has to replay. */
export function isRecoveryConflict(error: unknown): boolean {
  return sqlState(error) === recoveryConflict;
}

/** Whether a session has ended, or the connection to it. */
export function isConnectionEnd(error: unknown): boolean {
  return error instanceof Error && (endedCodes.test(sqlState(error)) || endedMessages.test(error.message));
}

/**
 * The same error with hints, when it has none and the server, or the way to it, stands behind it; the error itself otherwise.
 */
export function withServerHints(error: AppError): AppError {
  if (error.hints.length > 0) return error;
  let cause = error.cause;
  for (let depth = 0; depth < 10 && cause instanceof Error; depth += 1) {
    const found = serverError(cause);
    if (found !== undefined) {
      const { code, message, details, exitCode } = error;
      return new AppError(code, message, { cause: error.cause, details, hints: found.hints }, exitCode);
    }
    cause = cause.cause;
  }
  return error;
}

/**
 * The same error with what helps against a standby's conflicts, when the end of a connection stands behind it: why a standby ended it
 * often gets lost with it.
 */
export function withStandbyHints(error: unknown): unknown {
  const found = error instanceof AppError ? error : serverError(error);
  for (let cause = error, depth = 0; depth < 10 && cause instanceof Error; cause = cause.cause, depth += 1) {
    if (found === undefined || !isConnectionEnd(cause)) continue;
    const { code, message, details, exitCode } = found;
    return new AppError(code, message, { cause: error, details, hints: [...recoveryHints, ...endHints] }, exitCode);
  }
  return error;
}

/** What helps a backup from a standby against the changes that it has to replay. */
export const recoveryHints: readonly string[] = [
  "have the standby wait longer for readers: raise max_standby_streaming_delay in its postgresql.conf, and reload it",
  "or have the primary keep what the standby reads: hot_standby_feedback = on in the standby's postgresql.conf",
  "or back up from the primary",
];

const logHint = "the server's log tells more; try again when that is mended";
const endHints = ["see that PostgreSQL runs, and what its log says: systemctl status postgresql", "then try again"];

/** Where a statement stood, when the server says so: one line of it. */
function placeOf(error: Error): string[] {
  return ["detail", "where"].flatMap((field) => {
    const value: unknown = Reflect.get(error, field);
    return typeof value === "string" && value !== "" ? [`${field}: ${value.split("\n", 1)[0]?.slice(0, 300)}`] : [];
  });
}
