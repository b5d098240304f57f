/** What came of a call that did not succeed. */
export interface S3Answer {
  /** S3's name for it, the system's (`ECONNRESET`), or the SDK's. */
  code: string;
  message: string;
  /** HTTP status; undefined when no answer came. */
  status: number | undefined;
  requestId: string | undefined;
}

/** Reads an error of the SDK, of the system or of the runtime. */
export function answerOf(error: unknown): S3Answer {
  const { name, code, message, $metadata, Code } = error as {
    name?: string;
    code?: unknown;
    Code?: unknown;
    message?: string;
    $metadata?: { httpStatusCode?: number; requestId?: string };
  };
  const system = [code, Code].find((found) => typeof found === "string");
  return {
    code: name === undefined || name === "Error" ? (system ?? "unknown") : name,
    message: message ?? String(error),
    status: $metadata?.httpStatusCode,
    requestId: $metadata?.requestId,
  };
}

const passingCodes = new Set([
  "BadDigest",
  "ConditionalRequestConflict",
  "IncompleteBody",
  "InternalError",
  "OperationAborted",
  "RequestTimeTooSkewed",
  "RequestTimeout",
  "ServiceUnavailable",
  "SlowDown",
  "Throttling",
  "ThrottlingException",
  "TimeoutError",
  "XAmzContentChecksumMismatch",
  "XAmzContentSHA256Mismatch",
]);

/** Whether the same call may well succeed a little later: a broken connection, a busy server, data that arrived damaged. */
export function isPassing({ code, status }: S3Answer): boolean {
  if (passingCodes.has(code)) return true;
  if (status !== undefined && status >= 300)
    return status === 408 || status === 429 || (status >= 500 && status !== 501);
  return /^(E[A-Z_]+|HPE_\w+)$/.test(code) && code !== "EACCES";
}

const deniedCodes = new Set([
  "AccessDenied",
  "AccountProblem",
  "AllAccessDisabled",
  "AuthorizationHeaderMalformed",
  "CredentialsProviderError",
  "ExpiredToken",
  "InvalidAccessKeyId",
  "InvalidToken",
  "RequestTimeTooSkewed",
  "SignatureDoesNotMatch",
]);

/** Whether the store does not let us in, or not do that. */
export function isDenied({ code, status }: S3Answer): boolean {
  return deniedCodes.has(code) || status === 401 || status === 403;
}
