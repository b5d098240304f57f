import type { MigrationGraph } from "./graph.ts";
import { requiredKeys } from "./graph.ts";
import { type Migration, revisionKey } from "./migration.ts";

/**
 * Puts pending migrations into an order in which they can be applied: what a migration requires comes before it, and one
 * that asks for exactly a revision (`c==rev`) before that revision's descendants. Among those that could be next, the
 * oldest comes first. Where asking for exact revisions leads round in a circle, that rule alone is dropped.
 * @param pending keys of migrations of the graph
 */
export function applicationOrder(graph: MigrationGraph, pending: ReadonlySet<string>): Migration[] {
  return sortByRequirements(graph, pending, true) ?? sortByRequirements(graph, pending, false) ?? [];
}

function sortByRequirements(
  graph: MigrationGraph,
  pending: ReadonlySet<string>,
  exactly: boolean,
): Migration[] | undefined {
  const followers = new Map<string, Set<string>>();
  const waitsFor = new Map<string, number>();
  const addEdge = (before: string, after: string): void => {
    if (before === after || !pending.has(before) || !pending.has(after)) return;
    const set = followers.get(before) ?? new Set();
    if (!set.has(after)) waitsFor.set(after, (waitsFor.get(after) ?? 0) + 1);
    followers.set(before, set.add(after));
  };
  const candidates: Migration[] = [];
  for (const key of pending) {
    const migration = graph.migrations.get(key);
    if (migration === undefined) continue;
    candidates.push(migration);
    for (const required of requiredKeys(migration)) addEdge(required, key);
    if (!exactly) continue;
    for (const dependency of migration.dependencies) {
      if (dependency.exact) for (const child of graph.children(revisionKey(dependency))) addEdge(key, child);
    }
  }
  const sorted: Migration[] = [];
  const ready = candidates.filter((migration) => !waitsFor.has(revisionKey(migration)));
  while (ready.length > 0) {
    ready.sort((a, b) => compareAge(b, a));
    const next = ready.pop();
    if (next === undefined) break;
    sorted.push(next);
    for (const follower of followers.get(revisionKey(next)) ?? []) {
      const left = (waitsFor.get(follower) ?? 0) - 1;
      waitsFor.set(follower, left);
      const migration = graph.migrations.get(follower);
      if (left === 0 && migration !== undefined) ready.push(migration);
    }
  }
  return sorted.length === candidates.length ? sorted : undefined;
}

/** Older first; those without a date last; then by name, so that the order never depends on folders. */
export function compareAge(a: Migration, b: Migration): number {
  const byDate = compareText(a.date ?? "~", b.date ?? "~");
  return byDate === 0 ? compareText(revisionKey(a), revisionKey(b)) : byDate;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
