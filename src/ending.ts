import { systemFailure } from "./disk-errors.ts";
import { AppError, ExitCode } from "./errors.ts";

/** What an end by an error amounts to. */
export interface Ending {
  /** What is printed. */
  error: unknown;
  exitCode: number;
}

/**
 * What a thrown error means for the program's end.
 * @param signal the program's own: whatever an interruption made fail, it ends as an interruption
 */
export function endingOf(thrown: unknown, signal: AbortSignal): Ending {
  const interruption: unknown = signal.aborted ? signal.reason : undefined;
  // A disk or a limit of the system that fails is no defect of ours, whichever call met it.
  const failure = systemFailure(thrown);
  const error = interruption instanceof AppError && !(thrown instanceof AppError) ? interruption : failure;
  const ending = interruption instanceof AppError ? interruption : error;
  return { error, exitCode: ending instanceof AppError ? ending.exitCode : ExitCode.failed };
}
