import type { MigrationCatalog } from "./catalog.ts";
import { buildGraph } from "./graph.ts";
import { type AppliedRevision, initialRevision, type Migration, revisionKey } from "./migration.ts";
import { applicationOrder, compareAge } from "./order.ts";

/** How applied revisions stand against the migrations of the installed application. */
export interface MigrationStatus {
  /** Of the installed application, not applied, in an order in which they can be applied. */
  pending: Migration[];
  /** Of the installed application, applied by themselves or as ancestors of an applied one; by component, oldest first. */
  applied: Migration[];
  /** Applied, but not known to the installed application though it has the component; by component and revision. */
  unknown: AppliedRevision[];
  /** Components with applied revisions that the installed application does not have; sorted. */
  missingComponents: string[];
  /** Components with migrations and nothing applied: the application installs them when they are enabled; sorted. */
  notInstalled: string[];
  /** Pending ones that cannot be applied any more, because they ask for a revision whose descendants are applied. */
  blocked: { migration: Migration; by: string }[];
}

/**
 * Compares what is applied with what the installed application has. A component's initial revision is never pending: a
 * component of which nothing is applied is one that is not installed.
 * @param applied rows of the application's table of applied migrations
 * @throws MigrationTreeError when the installed migrations do not fit together
 */
export function migrationStatus(catalog: MigrationCatalog, applied: readonly AppliedRevision[]): MigrationStatus {
  const graph = buildGraph(catalog.migrations);
  const installed = new Set(applied.map(({ component }) => component));
  const appliedKeys = graph.withAncestors(applied);
  const pendingKeys = new Set<string>();
  const appliedMigrations: Migration[] = [];
  const notInstalled = new Set<string>();
  for (const [key, migration] of graph.migrations) {
    if (appliedKeys.has(key)) appliedMigrations.push(migration);
    else if (installed.has(migration.component)) pendingKeys.add(key);
    else notInstalled.add(migration.component);
  }
  const pending = applicationOrder(graph, pendingKeys);
  const unknown = new Map<string, AppliedRevision>();
  const missing = new Set<string>();
  for (const row of applied) {
    if (!catalog.components.has(row.component)) {
      // Most components have no migrations, and then no folder that could have been named.
      if (catalog.complete || row.revision !== initialRevision) missing.add(row.component);
    } else if (row.revision !== initialRevision && !graph.migrations.has(revisionKey(row)))
      unknown.set(revisionKey(row), { component: row.component, revision: row.revision });
  }
  const blocked = pending.flatMap((migration) => {
    const exact = migration.dependencies.filter((dependency) => dependency.exact);
    const by = exact
      .flatMap((dependency) => [...graph.descendants(revisionKey(dependency))])
      .find((key) => appliedKeys.has(key));
    return by === undefined ? [] : [{ migration, by }];
  });
  return {
    pending,
    applied: appliedMigrations.sort(
      (a, b) => compareText(a.component, b.component) || compareAge(a, b) || compareText(a.revision, b.revision),
    ),
    unknown: [...unknown.values()].sort((a, b) => compareText(revisionKey(a), revisionKey(b))),
    missingComponents: [...missing].sort(),
    notInstalled: [...notInstalled].sort(),
    blocked,
  };
}

/**
 * The status as a table: pending ones first (`->`, in the order in which they can be applied), then those that the
 * installed application does not know (`A`, `??`), then the applied ones (`A`).
 * @returns lines without line ends
 */
export function renderStatus(status: MigrationStatus): string[] {
  const rows = [
    ["A", "", "Migration", "Message"],
    ...status.pending.map((migration) => ["", "->", revisionKey(migration), messageLine(migration)]),
    ...status.unknown.map((row) => ["A", "??", revisionKey(row), "(not known to the installed application)"]),
    ...status.applied.map((migration) => ["A", "", revisionKey(migration), messageLine(migration)]),
  ];
  const width = Math.max(...rows.map((row) => row[2]?.length ?? 0));
  return rows.map(([applied = "", mark = "", key = "", message = ""]) =>
    `${applied.padEnd(1)} | ${mark.padEnd(2)} | ${key.padEnd(width)} | ${message}`.trimEnd(),
  );
}

/** What besides pending migrations an administrator should know, each a line for stderr. */
export function statusWarnings(status: MigrationStatus): string[] {
  const warnings: string[] = [];
  if (status.unknown.length > 0)
    warnings.push(`applied, but not known to the installed application: ${status.unknown.map(revisionKey).join(", ")}`);
  if (status.missingComponents.length > 0)
    warnings.push(`components that the installed application does not have: ${status.missingComponents.join(", ")}`);
  if (status.notInstalled.length > 0)
    warnings.push(`components of which nothing is applied yet: ${status.notInstalled.join(", ")}`);
  for (const { migration, by } of status.blocked)
    warnings.push(`${revisionKey(migration)} can no longer be applied, because ${by} already is`);
  return warnings;
}

function messageLine(migration: Migration): string {
  return (migration.message ?? "").replace(/\p{Cc}+/gu, " ").trim();
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
