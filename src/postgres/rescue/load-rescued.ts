import { type Reporter, startStage } from "../../progress.ts";
import type { Client } from "../connection.ts";
import { backendPid, cancelBackends } from "../load/cancel-backends.ts";
import { openLoadConnections } from "../load/load-connections.ts";
import { textsOf } from "../load/load-session.ts";
import type { PlannedEntry } from "../load/load-order.ts";
import { entryLabel, planLoad } from "../load/load-order.ts";
import { type LoadStages, type TableUnit, stagePlan } from "../load/load-stages.ts";
import { clearExtensionRows } from "../load/run-entry.ts";
import { inTransaction } from "../load/run-batch.ts";
import { type LoadTask, runTasks } from "../load/task-pool.ts";
import { copyRowsLeniently } from "./copy-rows.ts";
import type { RescueSource } from "./rescue-source.ts";
import { runLeniently } from "./run-leniently.ts";
import { isRefusal, refusalText } from "./server-refusal.ts";
import type { RowsPiece } from "./table-piece.ts";

/** Takes what could not be loaded. */
export interface LoadLosses {
  /** Rows, from 1; `to` is null where nobody knows how many. */
  rows(entry: PlannedEntry, from: number, to: number | null, reason: string): void;
  /** Rows that were loaded without a proof. */
  unproven(entry: PlannedEntry, from: number, to: number): void;
  /** A statement that the server refused. */
  definition(label: string, sql: string, reason: string): void;
  largeObject(oid: string, reason: string): void;
}

/** What {@link loadRescued} needs. */
export interface LoadRescuedOptions {
  /** Opens one more connection to the fresh database. */
  connect: () => Promise<Client>;
  jobs: number;
  source: RescueSource;
  losses: LoadLosses;
  reporter: Reporter;
  signal: AbortSignal;
}

/** What was loaded. */
export interface LoadedTotals {
  tables: number;
  rows: number;
  largeObjects: number;
}

/** More rows of a table than this are not refused one by one: something else is wrong with it then. */
const mostRefused = 1000;

/**
 * Fills a fresh database with all that its server takes, table by table over several connections; what it does not take is
 * told, and nothing of that stops it. Indexes, constraints and foreign keys come behind the rows, so that rows which are gone
 * keep none away but those that need them.
 * @throws what ends a connection; DamagedError for a table of contents that cannot be used; the signal's reason
 */
export async function loadRescued(options: LoadRescuedOptions): Promise<LoadedTotals> {
  const { source, reporter, signal, losses } = options;
  const clients: Client[] = [];
  const stages = stagePlan(planLoad(source.toc).entries);
  const totals: LoadedTotals = { tables: 0, rows: 0, largeObjects: 0 };
  const jobs = Math.max(1, options.jobs);
  const refused = (planned: PlannedEntry, reason: string): void =>
    losses.definition(entryLabel(planned.entry), planned.sql, reason);
  try {
    await openLoadConnections(clients, options.connect, textsOf(source.toc), { needed: 1, wanted: jobs }, signal);
    const run = async (tasks: readonly LoadTask[]): Promise<void> => {
      const pids = await Promise.all(clients.map(backendPid));
      await runTasks(tasks, clients, signal, () => cancelBackends(options.connect, pids));
    };
    const statements = (entries: readonly PlannedEntry[]): LoadTask => ({
      priority: 0,
      after: [],
      run: (client, ownSignal) => runLeniently(client, entries, refused, ownSignal),
    });
    startStage(reporter, "schema");
    await run([statements(stages.schema)]);
    const progress = startStage(reporter, "rows and indexes", sizeOf(stages, source));
    await run([
      ...stages.tables.map((unit) => tableTask(unit, options, totals, refused, (bytes) => progress.advance(bytes))),
      statements(stages.sequences),
      largeObjectTask(stages, options, totals),
    ]);
    startStage(reporter, "constraints");
    await run([statements([...stages.foreignKeys.flatMap(({ keys }) => keys), ...stages.rest])]);
    return totals;
  } finally {
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
  }
}

function sizeOf({ tables }: LoadStages, source: RescueSource): number {
  return tables.reduce((sum, { rows }) => sum + (rows === undefined ? 0 : source.sizeBytes(rows.entry)), 0);
}

function tableTask(
  { rows: planned, builds }: TableUnit,
  options: LoadRescuedOptions,
  totals: LoadedTotals,
  refused: (planned: PlannedEntry, reason: string) => void,
  advance: (bytes: number) => void,
): LoadTask {
  return {
    priority: planned === undefined ? 0 : options.source.sizeBytes(planned.entry),
    after: [],
    async run(client, signal) {
      if (planned !== undefined) {
        const loaded = await loadTable(client, planned, options, advance, signal);
        totals.rows += loaded;
        if (loaded > 0) totals.tables += 1;
      }
      await runLeniently(client, builds, refused, signal);
    },
  };
}

async function loadTable(
  client: Client,
  planned: PlannedEntry,
  { source, losses }: LoadRescuedOptions,
  advance: (bytes: number) => void,
  signal: AbortSignal,
): Promise<number> {
  const pieces = source.pieces(planned.entry);
  if (pieces === undefined) return 0;
  let loaded = 0;
  let refusedRows = 0;
  let isOpen = true;
  const unproven = new RowRanges((from, to) => losses.unproven(planned, from, to));
  const lost = (from: number, to: number | null, reason: string): void => losses.rows(planned, from, to, reason);
  try {
    if (planned.class === "extension-rows") await clearExtensionRows(client, planned);
    for await (const piece of pieces) {
      signal.throwIfAborted();
      if (piece.kind === "lost") {
        lost(piece.firstRow, piece.rows === undefined ? null : piece.firstRow + piece.rows - 1, piece.reason);
        continue;
      }
      if (!isOpen) {
        lost(piece.firstRow, piece.firstRow + piece.rows - 1, `more than ${mostRefused} rows before were refused`);
        continue;
      }
      const result = await copyPiece(client, planned, piece, mostRefused - refusedRows, signal);
      advance(piece.text.length);
      loaded += result.rows;
      refusedRows += result.refused.length;
      for (const { index, message } of result.refused)
        lost(piece.firstRow + index, piece.firstRow + index, `the server refused it: ${message}`);
      if (result.givenUpAt !== undefined) {
        isOpen = false;
        const reason = `more than ${mostRefused} rows before were refused`;
        lost(piece.firstRow + result.givenUpAt, piece.firstRow + piece.rows - 1, reason);
      }
      if (!piece.isProven && result.rows > 0) unproven.add(piece.firstRow, piece.firstRow + piece.rows - 1);
    }
  } catch (error) {
    if (!isRefusal(error) && !isRefusal((error as { cause?: unknown } | null)?.cause)) throw error;
    lost(1 + loaded, null, `the server does not take rows: ${refusalText(error)}`);
  }
  unproven.finish();
  return loaded;
}

async function copyPiece(
  client: Client,
  { copySql = "" }: PlannedEntry,
  piece: RowsPiece,
  most: number,
  signal: AbortSignal,
): ReturnType<typeof copyRowsLeniently> {
  return await copyRowsLeniently(client, copySql, piece.text, most, signal);
}

/** Joins neighbouring ranges. */
class RowRanges {
  readonly #tell: (from: number, to: number) => void;
  #open: { from: number; to: number } | undefined;

  constructor(tell: (from: number, to: number) => void) {
    this.#tell = tell;
  }

  add(from: number, to: number): void {
    if (this.#open?.to === from - 1) this.#open.to = to;
    else {
      this.finish();
      this.#open = { from, to };
    }
  }

  finish(): void {
    if (this.#open !== undefined) this.#tell(this.#open.from, this.#open.to);
    this.#open = undefined;
  }
}

const largeObjectPieceBytes = 4 * 1024 * 1024;

function largeObjectTask(stages: LoadStages, { source, losses }: LoadRescuedOptions, totals: LoadedTotals): LoadTask {
  return {
    priority: 0,
    after: [],
    async run(client, signal) {
      if (stages.largeObjects.length === 0) return;
      for await (const { oid, content } of source.largeObjects()) {
        try {
          await inTransaction(client, async () => {
            let offsetBytes = 0;
            for await (const chunk of content)
              for (let start = 0; start < chunk.length; start += largeObjectPieceBytes) {
                signal.throwIfAborted();
                const piece = chunk.subarray(start, start + largeObjectPieceBytes);
                await client.query("SELECT pg_catalog.lo_put($1::oid, $2::bigint, $3::bytea)", [
                  oid,
                  offsetBytes,
                  piece,
                ]);
                offsetBytes += piece.length;
              }
          });
          totals.largeObjects += 1;
        } catch (error) {
          if (!isRefusal(error)) throw error;
          losses.largeObject(oid, `the server does not take it: ${refusalText(error)}`);
        }
      }
    },
  };
}
