/** Exit codes of the command line, a contract with scripts (docs/cli.md). */
export const ExitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  losses: 3,
  refused: 4,
  damaged: 5,
  busy: 6,
  interrupted: 130,
  terminated: 143,
} as const;

/** What an {@link AppError} is made of besides its message. */
export interface AppErrorOptions {
  /** What went wrong below, kept for `--verbose`. */
  cause?: unknown;
  /** One next step each, ready to paste where it is a command. */
  hints?: readonly string[];
  /** Lines shown indented under the message: sessions, paths, entries. */
  details?: readonly string[];
}

/**
 * An expected failure: its message is for the administrator, lower case, without a full stop, and holds no secret.
 * Only `cli.ts` prints it, and sets the exit code from it; anything else that is thrown is a defect and prints its stack.
 */
export class AppError extends Error {
  /** Exit code of the process, one of {@link ExitCode}. */
  readonly exitCode: number;
  /** Stable machine-readable name, kebab-case, shown by `--json`. */
  readonly code: string;
  readonly hints: readonly string[];
  readonly details: readonly string[];

  constructor(code: string, message: string, options: AppErrorOptions = {}, exitCode: number = ExitCode.failed) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.exitCode = exitCode;
    this.hints = options.hints ?? [];
    this.details = options.details ?? [];
  }
}

/** Wrong usage or configuration (exit 2). */
export class UsageError extends AppError {
  constructor(code: string, message: string, options?: AppErrorOptions) {
    super(code, message, options, ExitCode.usage);
  }
}

/** Refused before anything was touched (exit 4). */
export class RefusedError extends AppError {
  constructor(code: string, message: string, options?: AppErrorOptions) {
    super(code, message, options, ExitCode.refused);
  }
}

/** The archive is damaged, or is no archive (exit 5). */
export class DamagedError extends AppError {
  constructor(code: string, message: string, options?: AppErrorOptions) {
    super(code, message, options, ExitCode.damaged);
  }
}

/** Another backup, restore or prune holds the lock (exit 6). */
export class BusyError extends AppError {
  constructor(code: string, message: string, options?: AppErrorOptions) {
    super(code, message, options, ExitCode.busy);
  }
}

/**
 * The message of anything that was thrown, for use inside another message.
 * @param error what a `catch` received
 */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
