import { AppError, type AppErrorOptions } from "../errors.ts";

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
