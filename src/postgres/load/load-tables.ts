import type { Client } from "../connection.ts";
import { copyIn } from "../copy-in.ts";
import type { DumpSource } from "./dump-source.ts";
import type { PlannedEntry } from "./load-order.ts";
import { checkRowCount, clearExtensionRows, copyOf } from "./run-entry.ts";

/**
 * Loads tables whole, one after another in a single round trip, and compares the count of rows of each. For small tables.
 * @returns rows of all
 * @throws AppError that names the entry, DamagedError for rows that do not fit the archive's count
 */
export async function loadTables(
  client: Client,
  entries: readonly PlannedEntry[],
  source: DumpSource,
  advance: (bytes: number) => void,
  signal: AbortSignal,
): Promise<number> {
  const tables = entries.flatMap((planned) => {
    const rows = source.table(planned.entry);
    return rows === undefined ? [] : [{ planned, rows }];
  });
  if (tables.length === 0) return 0;
  for (const { planned } of tables) {
    if (planned.class === "extension-rows") await clearExtensionRows(client, planned);
  }
  const loaded = await copyIn(
    client,
    tables.map(({ planned, rows }) => copyOf(planned, rows, { from: 0, to: rows.parts }, advance)),
    signal,
  );
  for (const [index, { planned, rows }] of tables.entries()) checkRowCount(planned, rows.rows, loaded[index] ?? 0);
  return loaded.reduce((sum, count) => sum + count, 0);
}
