import type { Reporter } from "../../progress.ts";
import type { Client } from "../connection.ts";
import type { DumpSource } from "./dump-source.ts";
import type { PlannedEntry } from "./load-order.ts";

/** What {@link loadSerial} needs besides the connection. */
export interface LoadSerialOptions {
  entries: readonly PlannedEntry[];
  source: DumpSource;
  reporter: Reporter;
  signal: AbortSignal;
  /** Large objects of the source are loaded as well; default true when the plan holds them. */
  largeObjects?: boolean;
}

/** What was loaded. */
export interface LoadTotals {
  entries: number;
  rows: number;
  largeObjects: number;
}

/**
 * Runs entries one after another, in the order given, within the caller's open transaction; commits nothing.
 * @throws AppError that names the entry and gives the server's message, DamagedError for rows that do not fit the archive's count
 */
export async function loadSerial(client: Client, options: LoadSerialOptions): Promise<LoadTotals> {
  void client;
  void options;
  throw new Error("not yet");
}
