import type { Client } from "../connection.ts";
import type { PlannedEntry } from "./load-order.ts";
import { runEntry } from "./run-entry.ts";

/** Runs what is given in a transaction of its own. */
export async function inTransaction<T>(client: Client, run: () => Promise<T>): Promise<T> {
  await client.query("BEGIN");
  try {
    const result = await run();
    await client.query("COMMIT");
    return result;
  } catch (error) {
    // a broken connection says so again, and the first error tells more
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

/**
 * Runs entries within the open transaction, in one round trip when all goes well. When one fails, they run again one by
 * one, so that the error names it.
 * @throws AppError that names the entry
 */
export async function runBatch(client: Client, entries: readonly PlannedEntry[], signal: AbortSignal): Promise<void> {
  const statements = entries.filter((planned) => planned.sql.trim() !== "");
  if (statements.length === 0) return;
  signal.throwIfAborted();
  await client.query("SAVEPOINT batch");
  try {
    // the line end closes a comment that a definition may end with
    await client.query(statements.map((planned) => planned.sql).join("\n;\n"));
  } catch {
    signal.throwIfAborted();
    await client.query("ROLLBACK TO SAVEPOINT batch");
    for (const planned of statements) {
      signal.throwIfAborted();
      // oxlint-disable-next-line no-await-in-loop
      await runEntry(client, planned);
    }
  }
  await client.query("RELEASE SAVEPOINT batch");
}
