import { createDisjointSets } from "./disjoint-sets.ts";
import type { PlannedEntry } from "./load-order.ts";

/** Definitions cut into what has to run one after another; groups may run at once. */
export interface SchemaParts {
  /** What stands before all groups: schemas, types, functions. In order. */
  first: PlannedEntry[];
  /** Tables and sequences with what belongs to them; none needs anything of another. Each in order. */
  groups: PlannedEntry[][];
  /** In order, after all groups. */
  last: PlannedEntry[];
}

/** Found on their own. */
const independent = new Set(["TABLE", "SEQUENCE"]);
/** Belong to what they depend on. */
const belonging = new Set(["DEFAULT", "SEQUENCE OWNED BY", "TABLE ATTACH"]);

/**
 * Cuts definitions by the dependencies that the table of contents names. Only tables, sequences and what belongs to them
 * form groups. Everything else keeps its place among all: what stands before the first of a group stays before, and what
 * stands after it (views, functions over tables) comes at the end, with whatever depends on it. So does what belongs to
 * something and does not say to what. A dependency on a later entry does not count, as in the rest of the plan.
 */
export function splitSchema(schema: readonly PlannedEntry[]): SchemaParts {
  const first: PlannedEntry[] = [];
  const last: PlannedEntry[] = [];
  const grouped: PlannedEntry[] = [];
  const isGrouped = new Set<number>();
  const isLast = new Set<number>();
  const sets = createDisjointSets();
  for (const planned of schema) {
    const { dumpId, description, dependencies } = planned.entry;
    const owners = dependencies.filter((id) => isGrouped.has(id));
    const forms = independent.has(description) || (belonging.has(description) && owners.length > 0);
    if (forms && !dependencies.some((id) => isLast.has(id))) {
      isGrouped.add(dumpId);
      grouped.push(planned);
      for (const owner of owners) sets.join(dumpId, owner);
    } else if (grouped.length === 0 && last.length === 0) {
      first.push(planned);
    } else {
      isLast.add(dumpId);
      last.push(planned);
    }
  }
  return { first, groups: [...Map.groupBy(grouped, ({ entry }) => sets.root(entry.dumpId)).values()], last };
}
