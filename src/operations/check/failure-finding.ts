import { systemFailure } from "../../disk-errors.ts";
import { AppError } from "../../errors.ts";
import type { Finding } from "../../finding.ts";

/** A failure as a finding; what is none is thrown again. @param check name of what was looked at */
export function failureFinding(check: string, thrown: unknown): Finding {
  const error = systemFailure(thrown);
  if (!(error instanceof AppError)) throw error;
  const [hint] = error.hints;
  return {
    level: "fail",
    check,
    message: error.message,
    details: error.details,
    ...(hint === undefined ? {} : { hint }),
  };
}
