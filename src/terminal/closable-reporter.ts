import type { Reporter } from "../progress.ts";

/** A reporter that is told when the work is over. */
export interface ClosableReporter extends Reporter {
  /** Finishes the line of the last stage. May be called more than once. */
  close(): void;
}
