import type { Client } from "../connection.ts";
import { batchEntries } from "../load/load-batches.ts";
import type { PlannedEntry } from "../load/load-order.ts";
import { isRefusal, refusalText } from "./server-refusal.ts";

/**
 * Runs statements in order; those that the server refuses are left out and told. As many as go share a transaction.
 * @throws what ends the connection; the signal's reason
 */
export async function runLeniently(
  client: Client,
  entries: readonly PlannedEntry[],
  onRefused: (planned: PlannedEntry, reason: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const statements = entries.filter(({ sql }) => sql.trim() !== "");
  for (const batch of batchEntries(statements)) {
    signal.throwIfAborted();
    try {
      // The line end closes a comment that a definition may end with.
      await client.query(`BEGIN;\n${batch.map(({ sql }) => sql).join("\n;\n")}\n;\nCOMMIT`);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await client.query("ROLLBACK");
      for (const planned of batch) await runAlone(client, planned, onRefused, signal);
    }
  }
}

async function runAlone(
  client: Client,
  planned: PlannedEntry,
  onRefused: (planned: PlannedEntry, reason: string) => void,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  try {
    await client.query(`BEGIN;\n${planned.sql}\n;\nCOMMIT`);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    await client.query("ROLLBACK");
    onRefused(planned, refusalText(error));
  }
}
