import { AppError, DamagedError, messageOf } from "../../errors.ts";
import type { Client } from "../connection.ts";
import { type CopyIn, copyIn } from "../copy-in.ts";
import { quoteIdentifier } from "../quoting.ts";
import { isConnectionEnd } from "../server-error.ts";
import type { TableRows } from "./dump-source.ts";
import { entryLabel, type PlannedEntry } from "./load-order.ts";

/** Runs the statements of one entry. @throws AppError that names the entry */
export async function runEntry(client: Client, planned: PlannedEntry): Promise<void> {
  if (planned.sql.trim() === "") return;
  try {
    await client.query(planned.sql);
  } catch (error) {
    throw entryError(planned, error);
  }
}

/**
 * How some parts of a table's rows are sent.
 * @param advance told how many bytes went out
 * @returns what throws AppError that names the entry; errors of the archive as they are
 */
export function copyOf(
  planned: PlannedEntry,
  rows: TableRows,
  parts: { from: number; to: number },
  advance: (bytes: number) => void,
): CopyIn {
  return {
    sql: planned.copySql ?? "",
    source: counted(rows, parts, advance),
    failed: (error) => entryError(planned, error),
  };
}

/** Sends some parts of a table's rows, see {@link copyOf}. @returns rows taken by the server */
export async function copyRows(
  client: Client,
  planned: PlannedEntry,
  rows: TableRows,
  parts: { from: number; to: number },
  advance: (bytes: number) => void,
  signal: AbortSignal,
): Promise<number> {
  const [loaded = 0] = await copyIn(client, [copyOf(planned, rows, parts, advance)], signal);
  return loaded;
}

/**
 * Compares what was loaded with what the archive announces.
 * @throws DamagedError when they differ
 */
export function checkRowCount(planned: PlannedEntry, expected: number | undefined, loaded: number): void {
  if (expected === undefined || expected === loaded) return;
  throw new DamagedError(
    "row-count",
    `${entryLabel(planned.entry)} gave ${loaded} rows, and the archive announces ${expected}`,
  );
}

/**
 * Removes the rows that an extension's table holds beside the extension's own, so that those of the archive find room:
 * the condition is the one by which pg_dump chooses what to dump (`pg_extension.extcondition`).
 */
export async function clearExtensionRows(client: Client, planned: PlannedEntry): Promise<void> {
  const { namespace, tag } = planned.entry;
  const table = `${quoteIdentifier(namespace ?? "public")}.${quoteIdentifier(tag)}`;
  try {
    const { rows } = await client.query<{ condition: string | null }>(
      `SELECT config.condition FROM pg_catalog.pg_extension AS e,
              LATERAL unnest(e.extconfig, e.extcondition) AS config(relation, condition)
        WHERE config.relation = pg_catalog.to_regclass($1)::oid`,
      [table],
    );
    for (const { condition } of rows) await client.query(`DELETE FROM ${table} ${condition ?? ""}`);
  } catch (error) {
    throw entryError(planned, error);
  }
}

/** What the server said about an entry, as an error that names it. An AppError stays as it is, and the end of a connection. */
export function entryError(planned: PlannedEntry, error: unknown): Error {
  if (error instanceof AppError) return error;
  // That the server went away is not about this entry.
  if (error instanceof Error && isConnectionEnd(error)) return error;
  const details = ["detail", "hint", "where"].flatMap((field) => {
    const value: unknown = error instanceof Error ? Reflect.get(error, field) : undefined;
    return typeof value === "string" && value !== "" ? [`${field}: ${value.split("\n", 1)[0]?.slice(0, 300)}`] : [];
  });
  return new AppError("entry-failed", `${entryLabel(planned.entry)}: ${messageOf(error)}`, { cause: error, details });
}

/** Opens the rows only when they are asked for: those of many tables may wait for their turn. */
async function* counted(
  rows: TableRows,
  parts: { from: number; to: number },
  advance: (bytes: number) => void,
): AsyncIterable<Buffer> {
  for await (const chunk of rows.open(parts.from, parts.to)) {
    // Who takes it may give its memory back, and then it has no length any more.
    const { length } = chunk;
    yield chunk;
    advance(length);
  }
}
