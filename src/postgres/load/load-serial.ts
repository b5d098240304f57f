import { DamagedError } from "../../errors.ts";
import { type Reporter, startStage } from "../../progress.ts";
import type { Client } from "../connection.ts";
import type { DumpSource } from "./dump-source.ts";
import { loadLargeObjects } from "./load-large-objects.ts";
import type { PlannedEntry } from "./load-order.ts";
import { loadTables } from "./load-tables.ts";
import { readOwnTexts, setUpLoadSession, textsOf } from "./load-session.ts";
import { runEntry } from "./run-entry.ts";

/** What {@link loadSerial} needs besides the connection. */
export interface LoadSerialOptions {
  entries: readonly PlannedEntry[];
  source: DumpSource;
  reporter: Reporter;
  signal: AbortSignal;
  /** Name of the stage that is reported; `rows` when left out. */
  stage?: string;
}

/** What was loaded. */
export interface LoadTotals {
  entries: number;
  rows: number;
  largeObjects: number;
}

interface Session {
  path: string;
  transaction: string;
}

const sessionQuery = `SELECT pg_catalog.current_setting('search_path') AS path, pg_catalog.txid_current()::text AS transaction`;

/**
 * Runs entries one after another, in the order given, within the caller's open transaction; commits nothing.
 * The session's search path and encoding are put back at the end; its other settings stay as pg_dump's statements need them.
 * @throws AppError that names the entry and gives the server's message, DamagedError for rows that do not fit the archive's count
 */
export async function loadSerial(client: Client, options: LoadSerialOptions): Promise<LoadTotals> {
  const { entries, source, signal } = options;
  const totals: LoadTotals = { entries: 0, rows: 0, largeObjects: 0 };
  const stage = startStage(options.reporter, options.stage ?? "rows", plainBytesOf(entries, source));
  const advance = (bytes: number): void => stage.advance(bytes);
  const { rows: before } = await client.query<Session>(sessionQuery);
  await setUpLoadSession(client, textsOf(source.toc));
  for (const planned of entries) {
    signal.throwIfAborted();
    totals.entries += 1;
    if (planned.class === "large-object-data") {
      // one table of contents may have several such entries; the source gives all objects at once
      if (totals.largeObjects > 0) continue;
      totals.largeObjects = await loadLargeObjects(client, planned, source, advance, signal);
    } else if (planned.copySql === undefined) {
      await runEntry(client, planned);
    } else {
      totals.rows += await loadTables(client, [planned], source, advance, signal);
    }
  }
  await readOwnTexts(client);
  const { rows: after } = await client.query<Session>(sessionQuery);
  if (after[0]?.transaction !== before[0]?.transaction) {
    throw new DamagedError("transaction-ended", "a statement of the archive ended the transaction of the restore");
  }
  await client.query("SELECT pg_catalog.set_config('search_path', $1, false)", [before[0]?.path ?? ""]);
  return totals;
}

/** Plain size of all rows that entries stand for. */
export function plainBytesOf(entries: readonly PlannedEntry[], source: DumpSource): number {
  let total = 0;
  for (const { entry, copySql } of entries) if (copySql !== undefined) total += source.table(entry)?.plainBytes ?? 0;
  return total;
}
