import { AppError, type AppErrorOptions, ExitCode } from "../errors.ts";

/** An expected failure that has a status of HTTP of its own. */
export class WebError extends AppError {
  /** 4xx or 5xx. */
  readonly status: number;
  /** When to try again, in whole seconds. */
  readonly retryAfterS: number | undefined;

  constructor(status: number, code: string, message: string, options: AppErrorOptions & { retryAfterS?: number } = {}) {
    super(code, message, options);
    this.status = status;
    this.retryAfterS = options.retryAfterS;
  }
}

/**
 * 404.
 * @param what it is: `archive 17`
 */
export function notFound(what: string): WebError {
  return new WebError(404, "not-found", `there is no ${what}`);
}

/**
 * For an archive that is named by the address of what is asked for, and that cannot be opened: 422 with what is wrong with it.
 * @throws WebError; what has nothing to do with the archive as it is
 */
export function unopened(error: unknown): never {
  if (!(error instanceof AppError) || error instanceof WebError) throw error;
  if (error.code === "archive-missing") throw notFound("such archive any more");
  const { code, message, hints, details, exitCode } = error;
  const isOfArchive = exitCode === ExitCode.refused || exitCode === ExitCode.damaged || code === "archive-too-large";
  throw isOfArchive ? new WebError(422, code, message, { cause: error, hints, details }) : error;
}
