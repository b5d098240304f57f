import { messageOf } from "../../errors.ts";
import type { Reporter } from "../../progress.ts";
import type { Client } from "../connection.ts";
import { sqlState } from "../connection-errors.ts";
import { quoteIdentifier } from "../quoting.ts";
import { backendPid, cancelBackends } from "./cancel-backends.ts";
import { type LoadTask, runTasks } from "./task-pool.ts";

/** What {@link analyzeTables} needs. */
export interface AnalyzeOptions {
  /** Opens one more connection to the database; closed here. */
  connect: () => Promise<Client>;
  /** Connections at once, from 1. */
  jobs: number;
  /** Schemas whose tables are analysed; every schema, the system's own too, when left out. */
  schemas?: readonly string[];
  /** Told which tables are left without statistics. */
  reporter: Reporter;
  signal: AbortSignal;
}

/** A statement analyses so many small tables, and a large one alone. */
const tablesAtOnce = 100;
/** Of 8 KiB each, as a rule. */
const largePages = 1000;
/** What the server's own ANALYZE lets pass until there are statistics: `autovacuum_analyze_threshold` as installed. */
export const fewRows = 50;

/**
 * Gathers the planner's statistics (ANALYZE) of tables and materialized views, several at once: one session alone takes as
 * long as all of them together. What the role does not own is left out, as the server does, and so are tables of at most
 * 50 rows, whose first ANALYZE autovacuum would not begin either: it costs more than any plan for so few rows can gain.
 * A table that cannot be analysed, because an expression in its statistics or indexes fails, is told and left without.
 * @throws when a connection breaks; the signal's reason
 */
export async function analyzeTables({ connect, jobs, schemas, reporter, signal }: AnalyzeOptions): Promise<void> {
  const clients: Client[] = [];
  const failures: string[] = [];
  try {
    clients.push(await connect());
    const tasks = batches(await tablesToAnalyze(clients[0]!, schemas)).map((tables) => analyzeTask(tables, failures));
    while (clients.length < Math.min(jobs, tasks.length)) clients.push(await connect());
    for (const client of clients) {
      await client.query("SET client_min_messages = error");
      // ANALYZE commits once a table; nobody misses statistics that a crash takes back
      await client.query("SET synchronous_commit = off");
    }
    const pids = await Promise.all(clients.map(backendPid));
    await runTasks(tasks, clients, signal, () => cancelBackends(connect, pids));
  } finally {
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
  }
  if (failures.length > 0)
    reporter.report({
      type: "warning",
      code: "not-analysed",
      message: `${failures.length} ${failures.length === 1 ? "table has" : "tables have"} no statistics, because ANALYZE fails: queries may be slow`,
      details: failures.slice(0, 20),
    });
}

interface SizedTable {
  name: string;
  pages: number;
}

/*
 * Whether a table is small is read off what its indexes left in pg_class when they were built: the exact number of rows,
 * which holds for as many pages as the table has. Tables of the system and of extensions may have got their numbers before
 * they grew, but not their pages. What has children or parts is analysed for the rows of those, unless a foreign table is among
 * them: ANALYZE would ask the other server, which need not be there.
 */
async function tablesToAnalyze(client: Client, schemas: readonly string[] | undefined): Promise<SizedTable[]> {
  const { rows } = await client.query<{ schema: string; name: string; pages: number }>(
    `WITH RECURSIVE above_foreign(oid) AS (
       SELECT i.inhparent FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class f ON f.oid = i.inhrelid AND f.relkind = 'f'
       UNION SELECT i.inhparent FROM pg_catalog.pg_inherits i JOIN above_foreign a ON a.oid = i.inhrelid)
     SELECT nspname AS schema, relname AS name, pages::float8 AS pages
       FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace,
            LATERAL (SELECT pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::integer AS pages) AS size
      WHERE c.relkind IN ('r', 'm', 'p') AND c.relpersistence <> 't' AND NOT c.relisshared
        AND c.oid NOT IN (SELECT oid FROM above_foreign)
        AND ($1::name[] IS NULL OR nspname = ANY ($1))
        AND (c.relkind = 'p' OR c.relhassubclass OR NOT
             (pages = 0 OR c.relpages = pages AND c.reltuples BETWEEN 0 AND $2))
      ORDER BY pages DESC`,
    [schemas ?? null, fewRows],
  );
  return rows.map(({ schema, name, pages }) => ({
    name: `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`,
    pages,
  }));
}

function batches(tables: readonly SizedTable[]): SizedTable[][] {
  const found = tables.filter(({ pages }) => pages > largePages).map((table) => [table]);
  const small = tables.filter(({ pages }) => pages <= largePages);
  for (let from = 0; from < small.length; from += tablesAtOnce) found.push(small.slice(from, from + tablesAtOnce));
  return found;
}

function analyzeTask(tables: readonly SizedTable[], failures: string[]): LoadTask {
  return {
    priority: tables.reduce((sum, { pages }) => sum + pages, 0),
    after: [],
    async run(client, signal) {
      try {
        await client.query(`ANALYZE ${tables.map(({ name }) => name).join(", ")}`);
      } catch (error) {
        signal.throwIfAborted();
        if (!isOfTheTable(error)) throw error;
        if (tables.length === 1) failures.push(`${tables[0]?.name}: ${messageOf(error)}`);
        else for (const table of tables) await analyzeTask([table], failures).run(client, signal);
      }
    },
  };
}

/** Whether a statement failed on its own account; otherwise the server or the connection is at its end. */
function isOfTheTable(error: unknown): boolean {
  return /^[0-9A-Z]{5}$/.test(sqlState(error)) && !/^(?:08|53|57|58)/.test(sqlState(error));
}
