import { isTable, type PlannedEntry } from "./load-order.ts";

/**
 * Most entries of the server's lock table that one transaction of a parallel load may take, by estimate. At the default
 * settings there is room for some 7,800, shared by all sessions.
 */
export const locksPerTransaction = 300;

const statementsPerBatch = 100;

/** Estimate of the lock entries that running an entry takes until its transaction ends, on the safe side. */
export function lockCost(planned: PlannedEntry): number {
  switch (planned.class) {
    case "rows":
    case "extension-rows":
      return 4;
    case "sequence":
      return 1;
    case "index":
      return 4;
    case "constraint":
      return 6;
    case "foreign-key":
      return 8;
    case "large-object":
      return 1;
    default:
      return isTable(planned.entry) ? 8 : 4;
  }
}

/** Cuts entries into runs of neighbours that one transaction may hold. */
export function batchEntries(entries: readonly PlannedEntry[]): PlannedEntry[][] {
  const batches: PlannedEntry[][] = [];
  let cost = Infinity;
  for (const planned of entries) {
    const added = lockCost(planned);
    const last = batches.at(-1);
    if (last === undefined || cost + added > locksPerTransaction || last.length >= statementsPerBatch) {
      batches.push([planned]);
      cost = added;
    } else {
      last.push(planned);
      cost += added;
    }
  }
  return batches;
}
