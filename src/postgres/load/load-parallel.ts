import { type Reporter, countWork, startStage } from "../../progress.ts";
import type { Client } from "../connection.ts";
import { backendPid, cancelBackends } from "./cancel-backends.ts";
import type { DumpSource } from "./dump-source.ts";
import { expectCopy, expectKeys, expectLoad, expectStatements } from "./expected-load.ts";
import { batchEntries } from "./load-batches.ts";
import { connectionsFor, openLoadConnections } from "./load-connections.ts";
import { loadLargeObjects } from "./load-large-objects.ts";
import { textsOf } from "./load-session.ts";
import type { PlannedEntry } from "./load-order.ts";
import { type LoadTotals, plainBytesOf } from "./load-serial.ts";
import { type ForeignKeyGroup, type LoadStages, stagePlan } from "./load-stages.ts";
import { inTransaction } from "./run-batch.ts";
import { schemaTasks } from "./schema-tasks.ts";
import { batchTasks, buildTask, plainBytes, smallTableBytes, type TaskContext, tableTasks } from "./table-tasks.ts";
import { type LoadTask, runTasks } from "./task-pool.ts";

/** What {@link loadParallel} needs. */
export interface LoadParallelOptions {
  /** Opens one more connection to the database that is loaded; the loader sets it up and closes it. */
  connect: () => Promise<Client>;
  /** Connections at once, from 1; many small tables take more, see {@link connectionsFor}. */
  jobs: number;
  entries: readonly PlannedEntry[];
  source: DumpSource;
  reporter: Reporter;
  signal: AbortSignal;
}

/**
 * Runs entries over several connections in many committed transactions of bounded lock use. A failure leaves a part behind,
 * which the caller discards. When this settles, no statement of it runs any more and its connections are closed.
 * @throws AppError that names the entry and gives the server's message, DamagedError for rows that do not fit the archive's count
 */
export async function loadParallel(options: LoadParallelOptions): Promise<LoadTotals> {
  const clients: Client[] = [];
  const stages = stagePlan(options.entries);
  const needed = Math.max(1, options.jobs);
  try {
    const wanted = connectionsFor(needed, stages);
    await openLoadConnections(
      clients,
      options.connect,
      textsOf(options.source.toc),
      { needed, wanted },
      options.signal,
    );
    return await loadStages(options, stages, clients);
  } finally {
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
  }
}

async function loadStages(
  options: LoadParallelOptions,
  stages: LoadStages,
  clients: readonly Client[],
): Promise<LoadTotals> {
  const { source, reporter, entries } = options;
  const totals: LoadTotals = { entries: entries.length, rows: 0, largeObjects: 0 };
  const one = clients.slice(0, 1);
  const expected = expectLoad(stages, source);

  startStage(reporter, "schema");
  const schemaWork = countWork(reporter, "schema", expectStatements(stages.schema.length));
  await runCancellable(schemaTasks(stages.schema), clients, options, schemaWork);

  const rows = startStage(reporter, "rows and indexes", plainBytesOf(entries, source));
  const rowsWork = countWork(reporter, "rows and indexes", expected.tablesMs);
  const context: TaskContext = {
    source,
    jobs: clients.length,
    advance(bytes) {
      rows.advance(bytes);
      rowsWork(expectCopy(bytes));
    },
    loaded: (count) => (totals.rows += count),
  };
  await runCancellable(
    [
      ...tableTasks(stages.tables, context),
      ...batchEntries(stages.sequences).map((batch) => buildTask(batch, 0, expectStatements(batch.length))),
      ...largeObjectTask(stages.largeObjects, context, totals),
    ],
    clients,
    options,
    rowsWork,
  );

  startStage(reporter, "constraints");
  const keysWork = countWork(reporter, "constraints", expected.constraintsMs);
  await runCancellable(foreignKeyTasks(stages.foreignKeys, context), clients, options, keysWork);
  await runCancellable(batchTasks(stages.rest), one, options, keysWork);
  return totals;
}

/** Groups on small tables share a transaction until there are some dozens of keys; the server reads large ones as a whole. */
function foreignKeyTasks(groups: readonly ForeignKeyGroup[], context: TaskContext): LoadTask[] {
  const sized = groups.map(({ keys, tables }) => ({
    keys,
    bytes: tables.reduce((sum, unit) => sum + plainBytes(unit, context), 0),
    expectedMs: expectKeys(keys.length, tables, context.source),
  }));
  const merged: typeof sized = [];
  for (const { keys, bytes, expectedMs } of sized) {
    const last = merged.at(-1);
    if (last !== undefined && last.keys.length + keys.length <= 36 && last.bytes + bytes <= smallTableBytes)
      merged[merged.length - 1] = {
        keys: [...last.keys, ...keys],
        bytes: last.bytes + bytes,
        expectedMs: last.expectedMs + expectedMs,
      };
    else merged.push({ keys: [...keys], bytes, expectedMs });
  }
  return merged.map(({ keys, bytes, expectedMs }) => buildTask(keys, bytes, expectedMs));
}

function largeObjectTask(entries: readonly PlannedEntry[], context: TaskContext, totals: LoadTotals): LoadTask[] {
  const [planned] = entries;
  if (planned === undefined) return [];
  return [
    {
      priority: 0,
      after: [],
      async run(client, signal) {
        totals.largeObjects = await inTransaction(client, () =>
          loadLargeObjects(client, planned, context.source, context.advance, signal),
        );
      },
    },
  ];
}

/** Runs tasks; when they fail or are to stop, statements that the server still works on are cancelled. */
async function runCancellable(
  tasks: readonly LoadTask[],
  clients: readonly Client[],
  options: LoadParallelOptions,
  onWork?: (expectedMs: number) => void,
): Promise<void> {
  if (tasks.length === 0) return;
  const pids = await Promise.all(clients.map(backendPid));
  await runTasks(tasks, clients, options.signal, () => cancelBackends(options.connect, pids), onWork);
}
