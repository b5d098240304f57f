import type { Client } from "../connection.ts";
import type { DumpSource } from "./dump-source.ts";
import { expectBuilds, expectStatements, rowsOf } from "./expected-load.ts";
import { batchEntries, lockCost, locksPerTransaction } from "./load-batches.ts";
import type { PlannedEntry } from "./load-order.ts";
import { loadTables } from "./load-tables.ts";
import type { TableUnit } from "./load-stages.ts";
import { splitKey } from "./primary-key-parts.ts";
import { inTransaction, runBatch } from "./run-batch.ts";
import { checkRowCount, copyRows } from "./run-entry.ts";
import type { LoadTask } from "./task-pool.ts";

/** What tasks share. */
export interface TaskContext {
  source: DumpSource;
  jobs: number;
  advance: (bytes: number) => void;
  /** Told how many rows the server took. */
  loaded: (rows: number) => void;
}

/** Tables of so little COPY text share a transaction with others. */
export const smallTableBytes = 4 * 1024 * 1024;
const partBytes = 32 * 1024 * 1024;

/**
 * Makes tasks of tables: small ones share a transaction, rows, indexes and all; a big one's rows come in parts over several
 * connections, and each of its indexes is a task of its own as soon as the last part is in. The biggest comes first.
 */
export function tableTasks(units: readonly TableUnit[], context: TaskContext): LoadTask[] {
  const small: TableUnit[] = [];
  const tasks: LoadTask[] = [];
  for (const unit of units) {
    if (plainBytes(unit, context) <= smallTableBytes) small.push(unit);
    else tasks.push(...bigTableTasks(unit, context));
  }
  for (const batch of batchUnits(small, context)) tasks.push(smallTablesTask(batch, context));
  return tasks;
}

function smallTablesTask(units: readonly TableUnit[], context: TaskContext): LoadTask {
  const entries = units.flatMap((unit) => unit.rows ?? []);
  const builds = units.flatMap((unit) => unit.builds);
  return {
    priority: units.reduce((sum, unit) => sum + plainBytes(unit, context), 0),
    after: [],
    expectedMs: units.reduce((sum, unit) => sum + expectBuilds(unit.builds, rowsOf(unit, context.source)), 0),
    async run(client, signal) {
      const rows = await inTransaction(client, async () => {
        const loaded = await loadTables(client, entries, context.source, context.advance, signal);
        await runBatch(client, builds, signal);
        return loaded;
      });
      context.loaded(rows);
    },
  };
}

function bigTableTasks(unit: TableUnit, context: TaskContext): LoadTask[] {
  const bytes = plainBytes(unit, context);
  const rows = rowsOf(unit, context.source);
  const rowTasks = unit.rows === undefined ? [] : rowsTasks(unit.rows, bytes, context);
  const builds = unit.builds.map((planned) => ({
    planned,
    parts: unit.builds.length > 1 ? splitKey(planned) : undefined,
  }));
  const indexTasks = builds.flatMap(({ planned, parts }) => {
    const index = planned.class === "index" ? planned : parts?.index;
    return index === undefined
      ? []
      : [buildTask([index], indexPriority(index, bytes), expectBuilds([index], rows), rowTasks)];
  });
  const constraints = builds.flatMap(({ planned, parts }) =>
    planned.class === "index" ? [] : [parts?.constraint ?? planned],
  );
  // Of a key in two parts the index has been built by then.
  const whole = constraints.filter((planned) => unit.builds.includes(planned));
  const expectedMs = expectBuilds(whole, rows);
  const last =
    constraints.length === 0
      ? []
      : [buildTask(constraints, bytes * 2, expectedMs, indexTasks.length > 0 ? indexTasks : rowTasks)];
  return [...rowTasks, ...indexTasks, ...last];
}

function rowsTasks(planned: PlannedEntry, bytes: number, context: TaskContext): LoadTask[] {
  const rows = context.source.table(planned.entry);
  if (rows === undefined) return [];
  const wanted = context.jobs === 1 || planned.class === "extension-rows" ? 1 : Math.ceil(bytes / partBytes);
  const pieces = Math.max(1, Math.min(rows.parts, wanted));
  let total = 0;
  let left = pieces;
  return Array.from({ length: pieces }, (_, piece) => ({
    priority: bytes,
    after: [],
    async run(client: Client, signal: AbortSignal) {
      const from = Math.floor((piece * rows.parts) / pieces);
      const to = Math.floor(((piece + 1) * rows.parts) / pieces);
      // Not `total += await`: that would add to the total of before the wait, and parts run side by side.
      const loaded = await inTransaction(client, () =>
        pieces === 1
          ? loadTables(client, [planned], context.source, context.advance, signal)
          : copyRows(client, planned, rows, { from, to }, context.advance, signal),
      );
      total += loaded;
      left -= 1;
      if (left > 0) return;
      checkRowCount(planned, rows.rows, total);
      context.loaded(total);
    },
  }));
}

/**
 * A task that runs entries in order, as few transactions as the lock space allows.
 * @param expectedMs see {@link LoadTask}
 */
export function buildTask(
  entries: readonly PlannedEntry[],
  priority: number,
  expectedMs: number,
  after: readonly LoadTask[] = [],
): LoadTask {
  return {
    priority,
    after,
    expectedMs,
    async run(client, signal) {
      for (const batch of batchEntries(entries)) {
        await inTransaction(client, () => runBatch(client, batch, signal));
      }
    },
  };
}

/** Entries in order, a task for as many as the lock space allows. */
export function batchTasks(entries: readonly PlannedEntry[], after: readonly LoadTask[] = []): LoadTask[] {
  const tasks: LoadTask[] = [];
  for (const batch of batchEntries(entries)) {
    const before = tasks.at(-1);
    tasks.push(buildTask(batch, 0, expectStatements(batch.length), before === undefined ? after : [before]));
  }
  return tasks;
}

/** A GiST index takes several times as long as a B-tree over the same rows. */
function indexPriority(index: PlannedEntry, bytes: number): number {
  return bytes * (/\bUSING gist\b/i.test(index.sql) ? 8 : 4);
}

function batchUnits(units: readonly TableUnit[], context: TaskContext): TableUnit[][] {
  const total = units.reduce((sum, unit) => sum + plainBytes(unit, context), 0);
  const mostBytes = Math.max(smallTableBytes / 4, Math.min(4 * smallTableBytes, total / (context.jobs * 4)));
  const batches: TableUnit[][] = [];
  let cost = Infinity;
  let bytes = 0;
  for (const unit of units) {
    const added =
      (unit.rows === undefined ? 4 : lockCost(unit.rows)) + unit.builds.reduce((sum, one) => sum + lockCost(one), 0);
    const size = plainBytes(unit, context);
    if (cost + added > locksPerTransaction || bytes + size > mostBytes) {
      batches.push([]);
      cost = 0;
      bytes = 0;
    }
    batches.at(-1)?.push(unit);
    cost += added;
    bytes += size;
  }
  return batches;
}

/** Size of the COPY text of a table. */
export function plainBytes(unit: TableUnit, context: TaskContext): number {
  return unit.rows === undefined ? 0 : (context.source.table(unit.rows.entry)?.plainBytes ?? 0);
}
