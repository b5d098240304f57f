import { expectStatements } from "./expected-load.ts";
import { lockCost, locksPerTransaction } from "./load-batches.ts";
import type { PlannedEntry } from "./load-order.ts";
import { splitSchema } from "./schema-groups.ts";
import { batchTasks, buildTask } from "./table-tasks.ts";
import type { LoadTask } from "./task-pool.ts";

/**
 * Makes tasks of definitions: what all need, then groups of tables and sequences on all connections, then what stands on
 * more than one of them. Small groups share a transaction.
 */
export function schemaTasks(schema: readonly PlannedEntry[]): LoadTask[] {
  const { first, groups, last } = splitSchema(schema);
  const before = batchTasks(first);
  const grouped = packGroups(groups).map((entries, index) =>
    // in the order of the plan, as far as it goes: the earlier has the higher priority
    buildTask(entries, -index, expectStatements(entries.length), before),
  );
  return [...before, ...grouped, ...batchTasks(last, [...before, ...grouped])];
}

/** Joins groups as long as one transaction may hold them. */
function packGroups(groups: readonly PlannedEntry[][]): PlannedEntry[][] {
  const packs: PlannedEntry[][] = [];
  let cost = Infinity;
  for (const group of groups) {
    const added = group.reduce((sum, planned) => sum + lockCost(planned), 0);
    if (cost + added > locksPerTransaction) {
      packs.push([]);
      cost = 0;
    }
    packs.at(-1)?.push(...group);
    cost += added;
  }
  return packs;
}
