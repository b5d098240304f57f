import { systemFailure } from "../disk-errors.ts";
import { AppError, ExitCode } from "../errors.ts";
import { stateFailure } from "../state/state-failure.ts";
import type { ApiError } from "./api/common.ts";
import { WebError } from "./web-error.ts";

/** How a failure is answered. */
export interface ErrorAnswer {
  status: number;
  body: ApiError;
  retryAfterS?: number;
  /** Whether it is ours to look into: it belongs on stderr. */
  isOurs: boolean;
}

/** Status by exit code; what is not here is a failure of ours or of what we stand on. */
const statusByExitCode: Readonly<Record<number, number>> = {
  [ExitCode.usage]: 422,
  [ExitCode.losses]: 422,
  [ExitCode.refused]: 409,
  [ExitCode.damaged]: 422,
  [ExitCode.busy]: 409,
  [ExitCode.interrupted]: 503,
  [ExitCode.terminated]: 503,
};

/** Works out the answer to anything that a route threw. Of what is not expected nothing is told but that it happened. */
export function errorAnswer(thrown: unknown): ErrorAnswer {
  const error = stateFailure(systemFailure(thrown));
  if (error instanceof AppError) {
    const status = error instanceof WebError ? error.status : (statusByExitCode[error.exitCode] ?? 500);
    const { code, message, details, hints } = error;
    const retryAfterS = error instanceof WebError ? error.retryAfterS : undefined;
    return {
      status,
      body: { code, message: [message, ...details].join("\n"), hints: [...hints] },
      ...(retryAfterS === undefined ? {} : { retryAfterS }),
      isOurs: status === 500,
    };
  }
  const status = clientFault(error);
  if (status !== undefined)
    return { status, body: { code: "invalid-request", message: (error as Error).message, hints: [] }, isOurs: false };
  return {
    status: 500,
    body: { code: "unexpected", message: "something went wrong; the server's log says what", hints: [] },
    isOurs: true,
  };
}

/** The status of a request that does not fit its schema or is none, as the framework has found. */
function clientFault(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("statusCode" in error)) return undefined;
  const { statusCode } = error;
  return typeof statusCode === "number" && statusCode >= 400 && statusCode < 500 ? statusCode : undefined;
}
