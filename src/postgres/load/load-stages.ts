import { createDisjointSets } from "./disjoint-sets.ts";
import { isTable, type LoadClass, type PlannedEntry } from "./load-order.ts";

/** A table with its rows and what can be built on it alone: the unit that runs beside others. */
export interface TableUnit {
  /** Its TABLE DATA entry, when there is one. */
  rows: PlannedEntry | undefined;
  /** Indexes and constraints of this table only, in the order of the plan. */
  builds: PlannedEntry[];
}

/** Foreign keys that no other group shares a table with, in order. */
export interface ForeignKeyGroup {
  keys: PlannedEntry[];
  /** The tables at both of their ends. */
  tables: TableUnit[];
}

/** A plan cut into what has to run one after another; within a stage the parts may run at once. */
export interface LoadStages {
  /** In order, before everything else. */
  schema: PlannedEntry[];
  tables: TableUnit[];
  sequences: PlannedEntry[];
  largeObjects: PlannedEntry[];
  foreignKeys: ForeignKeyGroup[];
  /** In order, after everything else. */
  rest: PlannedEntry[];
}

const naturalStage: Readonly<Record<LoadClass, number>> = {
  "pre-data": 0,
  "large-object": 0,
  rows: 1,
  "extension-rows": 1,
  "large-object-data": 1,
  sequence: 1,
  index: 1,
  constraint: 1,
  "foreign-key": 2,
  rest: 3,
};

/**
 * Orders a plan: an entry comes after all it depends on. A dependency that stands later in the plan than its entry does not
 * count (pg_dump writes none), nor does one that is not in the plan, so that no table of contents can make a cycle.
 */
export function stagePlan(entries: readonly PlannedEntry[]): LoadStages {
  const stages: LoadStages = { schema: [], tables: [], sequences: [], largeObjects: [], foreignKeys: [], rest: [] };
  const stageOf = new Map<number, number>();
  const tableOf = new Map<string, number>();
  const units = new Map<number, TableUnit>();
  const keys: PlannedEntry[] = [];
  for (const planned of entries) {
    const { entry } = planned;
    let stage = naturalStage[planned.class];
    for (const id of entry.dependencies) stage = Math.max(stage, stageOf.get(id) ?? 0);
    if (isTable(entry) && stage === 0) {
      tableOf.set(relation(planned), entry.dumpId);
      units.set(entry.dumpId, { rows: undefined, builds: [] });
    }
    // what waits for foreign keys without being one waits for the end
    if (stage > naturalStage[planned.class] && stage > 0) stage = 3;
    stageOf.set(entry.dumpId, stage);
    if (stage === 0) stages.schema.push(planned);
    else if (stage === 2) keys.push(planned);
    else if (stage === 3 || !place(planned, stages, units, tableOf)) stageLast(planned, stages, stageOf);
  }
  stages.tables.push(...units.values());
  stages.tables = stages.tables.filter((unit) => unit.rows !== undefined || unit.builds.length > 0);
  stages.foreignKeys = groupByTables(keys, units);
  return stages;
}

function stageLast(planned: PlannedEntry, stages: LoadStages, stageOf: Map<number, number>): void {
  stageOf.set(planned.entry.dumpId, 3);
  stages.rest.push(planned);
}

function place(
  planned: PlannedEntry,
  stages: LoadStages,
  units: Map<number, TableUnit>,
  tableOf: ReadonlyMap<string, number>,
): boolean {
  switch (planned.class) {
    case "sequence":
      stages.sequences.push(planned);
      return true;
    case "large-object-data":
      stages.largeObjects.push(planned);
      return true;
    case "rows":
    case "extension-rows": {
      const unit = units.get(tableOf.get(relation(planned)) ?? -1);
      if (unit === undefined || unit.rows !== undefined) stages.tables.push({ rows: planned, builds: [] });
      else unit.rows = planned;
      return true;
    }
    default: {
      const table = planned.entry.dependencies.find((id) => units.has(id));
      if (table === undefined) return false;
      units.get(table)?.builds.push(planned);
      return true;
    }
  }
}

/** Joins foreign keys that have a table in common, so that no two groups lock the same one. */
function groupByTables(keys: readonly PlannedEntry[], units: ReadonlyMap<number, TableUnit>): ForeignKeyGroup[] {
  const sets = createDisjointSets();
  const tablesOf = (planned: PlannedEntry): number[] => planned.entry.dependencies.filter((id) => units.has(id));
  for (const planned of keys) {
    const [first = -1, ...others] = tablesOf(planned);
    for (const other of others) sets.join(other, first);
  }
  const groups = Map.groupBy(keys, (planned) => sets.root(tablesOf(planned)[0] ?? -1));
  return [...groups.values()].map((group) => ({
    keys: group,
    tables: [...new Set(group.flatMap(tablesOf))].flatMap((id) => units.get(id) ?? []),
  }));
}

function relation(planned: PlannedEntry): string {
  return JSON.stringify([planned.entry.namespace ?? "", planned.entry.tag]);
}
