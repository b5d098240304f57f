import type { Reporter } from "../../progress.ts";
import type { Client } from "../connection.ts";
import type { DumpSource } from "./dump-source.ts";
import type { PlannedEntry } from "./load-order.ts";
import type { LoadTotals } from "./load-serial.ts";

/** What {@link loadParallel} needs. */
export interface LoadParallelOptions {
  /** Opens one more connection to the database that is loaded; the loader sets it up and closes it. */
  connect(): Promise<Client>;
  /** Connections at once, from 1. */
  jobs: number;
  entries: readonly PlannedEntry[];
  source: DumpSource;
  reporter: Reporter;
  signal: AbortSignal;
}

/**
 * Runs entries over several connections in many committed transactions of bounded lock use. A failure leaves a part behind,
 * which the caller discards.
 * @throws AppError that names the entry and gives the server's message, DamagedError for rows that do not fit the archive's count
 */
export async function loadParallel(options: LoadParallelOptions): Promise<LoadTotals> {
  void options;
  throw new Error("not yet");
}
