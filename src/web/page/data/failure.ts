import type { ApiError } from "../../api/common.ts";

/** An answer that is not 2xx, or none at all (`unreachable`). */
export class ApiFailure extends Error {
  /** Stable, kebab-case: see `ApiError`; `unreachable` when no answer came. */
  readonly code: string;
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** Next steps, a line each. */
  readonly hints: readonly string[];
  /** How long to wait before trying again, where the server says so. */
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, { code, message, hints }: ApiError, retryAfterSeconds?: number) {
    super(message);
    this.name = "ApiFailure";
    this.status = status;
    this.code = code;
    this.hints = hints;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Makes a failure of whatever was thrown, so that it can be shown. */
export function failureOf(error: unknown): ApiFailure {
  if (error instanceof ApiFailure) return error;
  return new ApiFailure(0, {
    code: "page",
    message: error instanceof Error ? error.message : String(error),
    hints: [],
  });
}

/** Reads the failure out of an answer; a proxy's own page stands for a server that is away. */
export async function readFailure(response: Response): Promise<ApiFailure> {
  const seconds = Number(response.headers.get("retry-after") ?? "");
  const retryAfter = Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
  const body: unknown = await response.json().catch(() => undefined);
  if (isApiError(body)) return new ApiFailure(response.status, body, retryAfter);
  const isAway = [502, 503, 504].includes(response.status);
  const message = `${response.status} ${response.statusText}`.trim();
  return new ApiFailure(response.status, { code: isAway ? "unreachable" : "http", message, hints: [] }, retryAfter);
}

function isApiError(body: unknown): body is ApiError {
  if (typeof body !== "object" || body === null) return false;
  const { code, message, hints } = body as Partial<ApiError>;
  return typeof code === "string" && typeof message === "string" && Array.isArray(hints);
}
