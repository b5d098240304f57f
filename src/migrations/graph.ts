import { initialRevision, type AppliedRevision, type Migration, MigrationTreeError, revisionKey } from "./migration.ts";

/** The migrations of all components and how they follow each other. Keys are `component:revision`. */
export interface MigrationGraph {
  /** By key. */
  readonly migrations: ReadonlyMap<string, Migration>;
  /** Keys of the migrations that name a key as parent. */
  children(key: string): readonly string[];
  /**
   * The given revisions and all that they follow, to the initial one of each component. Revisions that the graph does not
   * know are left out, but a component with any revision at all has the initial one.
   */
  withAncestors(revisions: Iterable<AppliedRevision>): Set<string>;
  /** All migrations that follow a key, nearest first, without itself. */
  descendants(key: string): Set<string>;
}

/**
 * Builds the graph.
 * @throws MigrationTreeError when a parent is missing, a dependency names a revision that its component does not have,
 *   or migrations wait for each other in a circle; a dependency on a component that is not installed is let pass
 */
export function buildGraph(list: readonly Migration[]): MigrationGraph {
  const migrations = new Map(list.map((migration) => [revisionKey(migration), migration]));
  const components = new Set(list.map(({ component }) => component));
  const children = new Map<string, string[]>();
  for (const migration of list) {
    for (const key of parentKeys(migration)) {
      if (!migrations.has(key) && !isInitial(key))
        throw new MigrationTreeError(
          `parent ${key} of migration ${revisionKey(migration)} is missing (${migration.path})`,
        );
      children.set(key, [...(children.get(key) ?? []), revisionKey(migration)]);
    }
    for (const dependency of migration.dependencies) {
      const key = revisionKey(dependency);
      if (components.has(dependency.component) && !migrations.has(key) && !isInitial(key))
        throw new MigrationTreeError(
          `migration ${revisionKey(migration)} depends on ${key}, which is missing (${migration.path})`,
        );
    }
  }
  refuseCycles(migrations);

  return {
    migrations,
    children: (key) => children.get(key) ?? [],
    withAncestors(revisions) {
      const found = new Set<string>();
      const waiting: string[] = [];
      for (const revision of revisions) {
        waiting.push(revisionKey({ component: revision.component, revision: initialRevision }));
        waiting.push(revisionKey(revision));
      }
      for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
        const migration = migrations.get(key);
        if (found.has(key) || (migration === undefined && !isInitial(key))) continue;
        found.add(key);
        if (migration !== undefined) waiting.push(...parentKeys(migration));
      }
      return found;
    },
    descendants(key) {
      const found = new Set<string>();
      for (const child of children.get(key) ?? []) found.add(child);
      for (const each of found) for (const child of children.get(each) ?? []) found.add(child);
      return found;
    },
  };
}

/** Keys of what a migration follows directly in its own component. */
export function parentKeys(migration: Migration): string[] {
  const parents = migration.parents.length === 0 ? [initialRevision] : migration.parents;
  return parents.map((revision) => revisionKey({ component: migration.component, revision }));
}

/** Keys of all that must be applied before a migration. */
export function requiredKeys(migration: Migration): string[] {
  return [...parentKeys(migration), ...migration.dependencies.map(revisionKey)];
}

function isInitial(key: string): boolean {
  return key.endsWith(`:${initialRevision}`);
}

/** Walks what each migration requires, depth first and without recursion: a chain may be thousands long. */
function refuseCycles(migrations: ReadonlyMap<string, Migration>): void {
  const done = new Set<string>();
  for (const start of migrations.keys()) {
    const path: { key: string; next: string[] }[] = [];
    const onPath = new Set<string>();
    const enter = (key: string): void => {
      const migration = migrations.get(key);
      if (migration === undefined || done.has(key)) return;
      if (onPath.has(key)) {
        const circle = [...path.slice(path.findIndex((step) => step.key === key)).map((step) => step.key), key];
        throw new MigrationTreeError(`migrations wait for each other: ${circle.join(" -> ")}`);
      }
      onPath.add(key);
      path.push({ key, next: requiredKeys(migration) });
    };
    enter(start);
    for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
      const next = step.next.pop();
      if (next !== undefined) {
        enter(next);
        continue;
      }
      done.add(step.key);
      onPath.delete(step.key);
      path.pop();
    }
  }
}
