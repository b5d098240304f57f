import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildGraph } from "../../src/migrations/graph.ts";
import {
  type AppliedRevision,
  initialRevision,
  type Migration,
  type MigrationDependency,
  revisionKey,
} from "../../src/migrations/migration.ts";
import { applicationOrder } from "../../src/migrations/order.ts";
import { migrationStatus } from "../../src/migrations/status.ts";

function migration(
  key: string,
  parents: string[] = [initialRevision],
  dependencies: MigrationDependency[] = [],
  date?: string,
): Migration {
  const [component = "", revision = ""] = key.split(":");
  return { component, revision, parents, dependencies, date, message: undefined, path: `/${key}` };
}

const components = ["a", "b", "c"];
const revisionOf = (index: number): string => (index + 1).toString(16).padStart(8, "0");

/** Trees without circles: each migration follows earlier ones of its component and may depend on any earlier one. */
const trees = fc
  .array(
    fc.record({
      component: fc.constantFrom(...components),
      parents: fc.array(fc.nat(), { maxLength: 3 }),
      dependencies: fc.array(fc.tuple(fc.nat(), fc.boolean()), { maxLength: 2 }),
      date: fc.option(fc.constantFrom("2024", "2025", "2026"), { nil: undefined }),
    }),
    { maxLength: 14 },
  )
  .map((seeds) => {
    const list: Migration[] = [];
    for (const [index, seed] of seeds.entries()) {
      const own = list.filter((each) => each.component === seed.component);
      const parents = own.length === 0 ? [] : seed.parents.map((at) => own[at % own.length]!.revision);
      const dependencies =
        list.length === 0 ? [] : seed.dependencies.map(([at, exact]) => ({ ...list[at % list.length]!, exact }));
      list.push(
        migration(
          `${seed.component}:${revisionOf(index)}`,
          [...new Set(parents)],
          dependencies.map(({ component, revision, exact }) => ({ component, revision, exact })),
          seed.date,
        ),
      );
    }
    return list;
  });

const treesWithApplied = trees.chain((list) =>
  fc.record({
    list: fc.shuffledSubarray(list, { minLength: list.length }),
    applied: fc.subarray([
      ...list.map(({ component, revision }): AppliedRevision => ({ component, revision })),
      ...components.map((component) => ({ component, revision: initialRevision })),
      { component: "a", revision: "ffffffff" },
      { component: "gone", revision: initialRevision },
    ]),
  }),
);

/** What is applied, found by going round until nothing changes. */
function naiveApplied(list: readonly Migration[], applied: readonly AppliedRevision[]): Set<string> {
  const keys = new Set(applied.map(revisionKey));
  for (let before = -1; before !== keys.size;) {
    before = keys.size;
    for (const each of list)
      if (keys.has(revisionKey(each)))
        for (const revision of each.parents) keys.add(revisionKey({ component: each.component, revision }));
  }
  return keys;
}

describe("the graph of migrations", () => {
  test("what is applied and pending, against going round until nothing changes", () => {
    fc.assert(
      fc.property(treesWithApplied, ({ list, applied }) => {
        const catalog = { migrations: list, components: new Set(components), complete: true };
        const status = migrationStatus(catalog, applied);
        const keys = naiveApplied(list, applied);
        const installed = new Set(applied.map(({ component }) => component));
        const expectKeys = (found: readonly AppliedRevision[], expected: readonly AppliedRevision[]): void =>
          expect(found.map(revisionKey).toSorted()).toEqual(expected.map(revisionKey).toSorted());
        expectKeys(
          status.applied,
          list.filter((each) => keys.has(revisionKey(each))),
        );
        expectKeys(
          status.pending,
          list.filter((each) => !keys.has(revisionKey(each)) && installed.has(each.component)),
        );
        expectKeys(
          status.unknown,
          applied.filter(({ revision }) => revision === "ffffffff"),
        );
        expect(status.missingComponents).toEqual(installed.has("gone") ? ["gone"] : []);
        expect(status.notInstalled).toEqual(
          components.filter((each) => !installed.has(each) && list.some(({ component }) => component === each)),
        );
      }),
      { numRuns: 500 },
    );
  });

  test("pending ones come after all that they require, whatever the order of files", () => {
    fc.assert(
      fc.property(treesWithApplied, ({ list, applied }) => {
        const graph = buildGraph(list);
        const pending = new Set(list.map(revisionKey).filter((key) => !naiveApplied(list, applied).has(key)));
        const order = applicationOrder(graph, pending).map(revisionKey);
        expect(new Set(order)).toEqual(pending);
        expect(order).toHaveLength(pending.size);
        for (const [index, key] of order.entries()) {
          const each = graph.migrations.get(key)!;
          const required = [
            ...each.parents.map((revision) => revisionKey({ component: each.component, revision })),
            ...each.dependencies.map(revisionKey),
          ].filter((name) => pending.has(name));
          for (const name of required) expect(order.indexOf(name)).toBeLessThan(index);
        }
        expect(applicationOrder(buildGraph(list.toReversed()), pending).map(revisionKey)).toEqual(order);
      }),
      { numRuns: 500 },
    );
  });

  test("descendants, against going round until nothing changes", () => {
    fc.assert(
      fc.property(trees, (list) => {
        const graph = buildGraph(list);
        for (const start of list) {
          const found = new Set<string>();
          for (let before = -1; before !== found.size;) {
            before = found.size;
            for (const each of list) {
              const follows = each.parents.some((revision) => {
                const parent = revisionKey({ component: each.component, revision });
                return parent === revisionKey(start) || found.has(parent);
              });
              if (follows) found.add(revisionKey(each));
            }
          }
          expect(graph.descendants(revisionKey(start))).toEqual(found);
        }
      }),
    );
  });

  test("one that asks for exactly a revision comes before that revision's descendants", () => {
    const exactly = migration("b:00000003", undefined, [{ component: "a", revision: "00000001", exact: true }], "2026");
    const list = [
      migration("a:00000001", undefined, [], "2024"),
      migration("a:00000002", ["00000001"], [], "2025"),
      exactly,
    ];
    const all = new Set(list.map(revisionKey));
    const order = applicationOrder(buildGraph(list), all).map(revisionKey);
    expect(order).toEqual(["a:00000001", "b:00000003", "a:00000002"]);
    const plain = [...list.slice(0, 2), { ...exactly, dependencies: [{ ...exactly.dependencies[0]!, exact: false }] }];
    expect(applicationOrder(buildGraph(plain), all).map(revisionKey)).toEqual([
      "a:00000001",
      "a:00000002",
      "b:00000003",
    ]);
    // The descendant is applied already: it cannot be had any more, and that is said.
    const catalog = { migrations: list, components: new Set(["a", "b"]), complete: true };
    const applied = [
      { component: "a", revision: "00000002" },
      { component: "b", revision: initialRevision },
    ];
    expect(migrationStatus(catalog, applied).blocked).toEqual([{ migration: exactly, by: "a:00000002" }]);
  });

  test("exact demands that lead round in a circle still give every migration", () => {
    const list = [
      migration("a:00000001"),
      migration("a:00000002", ["00000001"], [{ component: "b", revision: "00000003", exact: false }]),
      migration("b:00000003", [initialRevision], []),
      migration("b:00000004", ["00000003"], [{ component: "a", revision: "00000001", exact: true }]),
      migration(
        "c:00000005",
        [initialRevision],
        [
          { component: "a", revision: "00000001", exact: true },
          { component: "a", revision: "00000002", exact: false },
        ],
      ),
    ];
    expect(applicationOrder(buildGraph(list), new Set(list.map(revisionKey)))).toHaveLength(5);
  });

  test("a chain of 20,000 is walked", () => {
    const list = Array.from({ length: 20_000 }, (_, index) =>
      migration(`a:${revisionOf(index)}`, index === 0 ? [] : [revisionOf(index - 1)]),
    );
    const graph = buildGraph(list.toReversed());
    expect(graph.withAncestors([{ component: "a", revision: revisionOf(19_999) }]).size).toBe(20_001);
    expect(graph.descendants(`a:${initialRevision}`).size).toBe(20_000);
  });

  test("a missing parent", () => {
    expect(() => buildGraph([migration("a:00000002", ["00000001"])])).toThrow(
      "parent a:00000001 of migration a:00000002 is missing (/a:00000002)",
    );
  });

  test("a missing dependency of an installed component, and one of a component that is not installed", () => {
    const on = (component: string) => [migration("a:00000002", [], [{ component, revision: "00000001", exact: true }])];
    expect(() => buildGraph(on("a"))).toThrow("migration a:00000002 depends on a:00000001, which is missing");
    expect(() => buildGraph(on("other"))).not.toThrow();
  });

  test("circles, of parents and through dependencies", () => {
    expect(() => buildGraph([migration("a:00000001", ["00000001"])])).toThrow(
      "migrations wait for each other: a:00000001 -> a:00000001",
    );
    expect(() => buildGraph([migration("a:00000001", ["00000002"]), migration("a:00000002", ["00000001"])])).toThrow(
      "a:00000001 -> a:00000002 -> a:00000001",
    );
    const on = (key: string): MigrationDependency[] => {
      const [component = "", revision = ""] = key.split(":");
      return [{ component, revision, exact: false }];
    };
    expect(() =>
      buildGraph([migration("a:00000001", [], on("b:00000002")), migration("b:00000002", [], on("a:00000001"))]),
    ).toThrow("migrations wait for each other");
  });
});
