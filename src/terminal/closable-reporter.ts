import type { Reporter } from "../progress.ts";

/** A reporter that is told when the work is over. */
export interface ClosableReporter extends Reporter {
  /** Shows what time alone has changed, when the last look at it is some time ago. */
  tick(): void;
  /**
   * Finishes the line of the last stage; what comes until the next news is no time of the run. May be called more than once.
   */
  close(): void;
}
