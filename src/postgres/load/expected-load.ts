import { fewRows } from "./analyze.ts";
import type { DumpSource } from "./dump-source.ts";
import type { PlannedEntry } from "./load-order.ts";
import type { LoadStages, TableUnit } from "./load-stages.ts";

/*
 * What loading is expected to take, in ms, by what is known before it begins. Rates were taken on two cores; what counts is the
 * ratio of one to another (see PlannedStage).
 */

/** COPY of text, several tables at once. */
const copyBytesPerMs = 130_000;
/** Of rows whose number an archive does not say. */
const bytesPerRow = 300;
/** Building an index, a row. */
const gistRowMs = 0.0013;
const btreeRowMs = 0.0004;
/** Comparing both ends of a foreign key, a row. */
const foreignKeyRowMs = 0.0002;
/** Any statement at all, with its share of a commit. */
const statementMs = 0.3;
/** One that makes a table or the like. */
const schemaStatementMs = 0.25;
/** ANALYZE reads so many rows of a table at most. */
const sampledRows = 30_000;
const sampledRowMs = 0.0018;

/** What each stage of a load is expected to take. */
export interface ExpectedLoad {
  schemaMs: number;
  /** Rows, indexes and constraints of single tables. */
  tablesMs: number;
  /** Foreign keys and all that comes after. */
  constraintsMs: number;
  statisticsMs: number;
}

/** Expects what a load takes. */
export function expectLoad(stages: LoadStages, source: DumpSource): ExpectedLoad {
  const { schema, tables, sequences, foreignKeys, rest } = stages;
  const sum = <T>(items: readonly T[], of: (item: T) => number): number =>
    items.reduce((all, item) => all + of(item), 0);
  return {
    schemaMs: schema.length * schemaStatementMs,
    tablesMs:
      sum(tables, (unit) => expectCopy(bytesOf(unit, source)) + expectBuilds(unit.builds, rowsOf(unit, source))) +
      expectStatements(sequences.length),
    constraintsMs:
      sum(foreignKeys, ({ keys, tables: ends }) => expectKeys(keys.length, ends, source)) +
      expectStatements(rest.length),
    statisticsMs: sum(tables, (unit) => {
      const rows = rowsOf(unit, source);
      return rows <= fewRows ? 0 : statementMs + Math.min(sampledRows, rows) * sampledRowMs;
    }),
  };
}

/** Expects what so many statements take that do little. */
export function expectStatements(count: number): number {
  return count * statementMs;
}

/** Expects what the COPY of so much text takes. */
export function expectCopy(bytes: number): number {
  return bytes / copyBytesPerMs;
}

/** Expects what indexes and constraints of one table take. */
export function expectBuilds(builds: readonly PlannedEntry[], rows: number): number {
  return builds.reduce((sum, planned) => {
    const rowMs = /\bUSING gist\b/i.test(planned.sql) ? gistRowMs : btreeRowMs;
    return sum + statementMs + rows * rowMs;
  }, 0);
}

/** Expects what foreign keys take between tables that belong together. */
export function expectKeys(keys: number, tables: readonly TableUnit[], source: DumpSource): number {
  const rows = tables.reduce((sum, unit) => sum + rowsOf(unit, source), 0);
  return keys * statementMs + rows * foreignKeyRowMs;
}

/** Rows of a table: as the archive says, else guessed from the size of their text. */
export function rowsOf(unit: TableUnit, source: DumpSource): number {
  if (unit.rows === undefined) return 0;
  const rows = source.table(unit.rows.entry);
  return rows?.rows ?? (rows?.plainBytes ?? 0) / bytesPerRow;
}

function bytesOf({ rows }: TableUnit, source: DumpSource): number {
  return rows === undefined ? 0 : (source.table(rows.entry)?.plainBytes ?? 0);
}
