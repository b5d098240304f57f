import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ArchiveFacts, timeOfName } from "../../../src/operations/prune/archive-facts.ts";
import { type PruneScope, planPrune, removalOrder } from "../../../src/operations/prune/plan-prune.ts";
import { type RetentionPolicy, emptyPolicy } from "../../../src/retention/policy.ts";

const now = new Date("2026-11-26T00:00:00Z");
const all: PruneScope = { instances: undefined, includeNextgisweb: false, includeEncrypted: false, elsewhere: [] };
const last = (count: number): RetentionPolicy => ({ ...emptyPolicy, last: count });

/** Facts of a sound archive, its name its digest; a day later for each letter. */
function archive(name: string, facts: Partial<ArchiveFacts> = {}): ArchiveFacts {
  const time = new Date(Date.UTC(2026, 0, 1 + (name.codePointAt(0) ?? 0) - 97));
  return {
    path: `/backup/${name}`,
    isFolder: false,
    sizeBytes: 1,
    modifiedAt: time,
    isLink: false,
    time,
    tags: [],
    kind: "sound",
    problem: undefined,
    instance: { instanceId: "one", application: "nextgisweb", database: "ngw" },
    sha256: name,
    bases: [],
    baseNames: [],
    ...facts,
  };
}

function plan(
  archives: ArchiveFacts[],
  policy: RetentionPolicy,
  scope: Partial<PruneScope> = {},
): Record<string, string> {
  const planned = planPrune(archives, policy, { ...all, ...scope }, now);
  return Object.fromEntries(planned.map(({ facts, reasons }) => [facts.sha256 ?? facts.path, reasons.join("; ")]));
}

const damaged = { kind: "damaged", problem: "cut off", instance: null, sha256: undefined } as const;
const other = { instance: { instanceId: "two", application: "nextgisweb", database: "ngw" } };

describe("what stays", () => {
  test("rules go by instance", () => {
    expect(plan([archive("a"), archive("b"), archive("c", other), archive("d", other)], last(1))).toEqual({
      a: "",
      b: "last snapshot",
      c: "",
      d: "last snapshot",
    });
  });

  test("of two of one moment the one that needs no other, so that what was consolidated lets the others go", () => {
    const time = new Date("2026-01-20T00:00:00Z");
    const archives = [archive("a"), archive("b", { bases: ["a"], time }), archive("c", { time })];
    for (const order of [archives, archives.toReversed()])
      expect(plan(order, last(1))).toEqual({ a: "", b: "", c: "last snapshot" });
  });

  test("what is of another instance than those that are asked for", () => {
    const archives = [archive("a"), archive("b"), archive("c", other), archive("d", other)];
    expect(plan(archives, last(1), { instances: new Set(["one"]) })).toEqual({
      a: "",
      b: "last snapshot",
      c: "of another instance",
      d: "of another instance",
    });
  });

  test("instances without an id are told apart by application and database", () => {
    const ofDatabase = (database: string): Partial<ArchiveFacts> => ({
      instance: { instanceId: null, application: "plain", database },
    });
    const archives = [archive("a", ofDatabase("x")), archive("b", ofDatabase("y")), archive("c", ofDatabase("y"))];
    expect(plan(archives, last(1))).toEqual({ a: "last snapshot", b: "", c: "last snapshot" });
    expect(plan(archives, last(1), { instances: new Set(["plain:x"]) })).toMatchObject({ b: "of another instance" });
  });

  test("a damaged one stays, and counts for nothing", () => {
    expect(plan([archive("a"), archive("b"), archive("z", damaged)], last(1))).toEqual({
      a: "",
      b: "last snapshot",
      "/backup/z": "damaged: cut off",
    });
  });

  test("the newest sound one, whatever rules say", () => {
    const policy = { ...emptyPolicy, tags: [["none has it"]] };
    expect(plan([archive("a"), archive("b"), archive("c", damaged)], policy)).toMatchObject({
      a: "",
      b: "last sound archive",
    });
  });

  test("bases of what stays, and their bases", () => {
    const archives = [archive("a"), archive("b", { bases: ["a"] }), archive("c"), archive("d", { bases: ["b", "a"] })];
    expect(plan(archives, last(1))).toEqual({ a: "base of d; base of b", b: "base of d", c: "", d: "last snapshot" });
  });

  test("bases of what stays because it is another instance's", () => {
    const archives = [archive("a"), archive("b"), archive("c", { ...other, bases: ["a"] })];
    expect(plan(archives, last(1), { instances: new Set(["one"]) })).toEqual({
      a: "base of c",
      b: "last snapshot",
      c: "of another instance",
    });
  });

  test("bases of what stands elsewhere, and whose base stands elsewhere counts", () => {
    const archives = [archive("a"), archive("b"), archive("d"), archive("e", { bases: ["y"] })];
    const elsewhere = [archive("x", { bases: ["a"] }), archive("y")];
    expect(plan(archives, last(1), { elsewhere })).toEqual({ a: "base of x", b: "", d: "", e: "last snapshot" });
    // A copy beside the one that refers to it serves as well.
    const copies = [archive("x", { bases: ["a"] }), archive("a")];
    expect(plan([archive("a"), archive("b")], last(1), { elsewhere: copies })).toEqual({ a: "", b: "last snapshot" });
  });

  test("an incremental one without its base, which counts for nothing", () => {
    const archives = [archive("a"), archive("b", { bases: ["gone"] }), archive("c", { bases: ["a", "gone"] })];
    expect(plan(archives, last(1))).toEqual({
      a: "last snapshot; base of c",
      b: "its base is missing or damaged",
      c: "its base is missing or damaged",
    });
  });

  test("all that is older than one that cannot be read, where there are incremental ones", () => {
    const archives = [archive("a"), archive("b", damaged), archive("c"), archive("d")];
    expect(plan(archives, last(1))).toMatchObject({ a: "", c: "", d: "last snapshot" });
    const incremental = archive("e", { bases: ["d"] });
    expect(plan([...archives, incremental], last(1))).toMatchObject({
      a: "b cannot be read, and may refer to it",
      c: "",
      d: "base of e",
      e: "last snapshot",
    });
    const locked = { kind: "encrypted", instance: null, sha256: undefined } as const;
    const unread = [archive("f", locked), archive("g", locked), archive("h", locked)];
    expect(plan([...archives, incremental, ...unread], last(2), { includeEncrypted: true })).toMatchObject({
      "/backup/f": "h cannot be read, and may refer to it",
      "/backup/g": "last snapshot",
      "/backup/h": "last snapshot",
    });
    const elsewhere = [archive("x"), archive("y", { bases: ["x"] })];
    expect(plan(archives, last(1), { elsewhere })).toMatchObject({ a: "b cannot be read, and may refer to it", c: "" });
    const unreadElsewhere = [archive("y", { ...locked, path: "/other/y" })];
    expect(plan([archive("a"), archive("d"), incremental], last(1), { elsewhere: unreadElsewhere })).toMatchObject({
      a: "y cannot be read, and may refer to it",
    });
  });

  test("NextGIS Web's and encrypted ones, unless they are asked for; then each kind by itself", () => {
    const theirs = { kind: "nextgisweb", instance: null, sha256: undefined } as const;
    const locked = { kind: "encrypted", instance: null, sha256: undefined } as const;
    const archives = [
      archive("a", theirs),
      archive("b", theirs),
      archive("c", locked),
      archive("d", locked),
      archive("e"),
      archive("f"),
    ];
    expect(plan(archives, last(1))).toEqual({
      "/backup/a": "by NextGIS Web",
      "/backup/b": "by NextGIS Web",
      "/backup/c": "encrypted, and no key is at hand",
      "/backup/d": "encrypted, and no key is at hand",
      e: "",
      f: "last snapshot",
    });
    expect(plan(archives, last(1), { includeNextgisweb: true, includeEncrypted: true })).toEqual({
      "/backup/a": "",
      "/backup/b": "last snapshot",
      "/backup/c": "",
      "/backup/d": "last snapshot",
      e: "",
      f: "last snapshot",
    });
  });
});

describe("whatever archives there are", () => {
  const names = "abcdefghij";
  const archivesArbitrary = fc
    .array(
      fc.record({
        kind: fc.constantFrom<ArchiveFacts["kind"]>("sound", "sound", "sound", "damaged", "nextgisweb", "encrypted"),
        instance: fc.constantFrom("one", "two"),
        bases: fc.subarray([...names, "gone"]),
        hour: fc.nat(2000),
        tags: fc.subarray(["x", "y"]),
      }),
      { minLength: 1, maxLength: names.length },
    )
    .map((items) =>
      items.map(({ kind, instance, bases, hour, tags }, index): ArchiveFacts => {
        const name = names[index] ?? "";
        // One can only refer to what was there before it.
        const known = bases.filter((base) => base === "gone" || base < name);
        const time = new Date(Date.UTC(2026, 0, 1, hour));
        return kind === "sound"
          ? archive(name, {
              time,
              tags,
              bases: known,
              instance: { instanceId: instance, application: "n", database: "d" },
            })
          : archive(name, { time, tags, kind, instance: null, sha256: undefined });
      }),
    );
  const policyArbitrary: fc.Arbitrary<RetentionPolicy> = fc.record({
    last: fc.nat(2),
    counts: fc.record({ daily: fc.nat(3), weekly: fc.nat(2) }),
    within: fc.constant(undefined),
    withinPeriods: fc.constant({}),
    tags: fc.subarray([["x"], ["x", "y"]]),
  });
  const scopeArbitrary: fc.Arbitrary<PruneScope> = fc.record({
    instances: fc.constantFrom(undefined, new Set(["one"]), new Set<string>()),
    includeNextgisweb: fc.boolean(),
    includeEncrypted: fc.boolean(),
    elsewhere: fc.constant([]),
  });

  test("nothing goes that must stay", () => {
    fc.assert(
      fc.property(archivesArbitrary, policyArbitrary, scopeArbitrary, (archives, policy, scope) => {
        const planned = planPrune(archives, policy, scope, now);
        expect(new Set(planned.map(({ facts }) => facts))).toEqual(new Set(archives));
        const keeps = planned.filter(({ action }) => action === "keep").map(({ facts }) => facts);
        const goes = planned.filter(({ action }) => action === "remove").map(({ facts }) => facts);
        for (const facts of goes) {
          expect(facts.kind).not.toBe("damaged");
          expect(keeps.some(({ bases }) => bases.includes(facts.sha256 ?? ""))).toBe(false);
          expect(facts.instance === null || scope.instances?.has(facts.instance.instanceId ?? "")).not.toBe(false);
          const group = keeps.filter(
            (one) => one.kind === facts.kind && one.instance?.instanceId === facts.instance?.instanceId,
          );
          const areWhole = group.some(({ bases }) =>
            bases.every((base) => keeps.some(({ sha256 }) => sha256 === base)),
          );
          expect(areWhole).toBe(true);
        }
      }),
    );
  });

  test("they go in an order in which everything that is left is whole at any time", () => {
    fc.assert(
      fc.property(archivesArbitrary, (archives) => {
        const order = removalOrder(archives);
        expect(new Set(order)).toEqual(new Set(archives));
        const gone = new Set<string | undefined>();
        for (const [index, facts] of order.entries()) {
          gone.add(facts.sha256);
          for (const left of order.slice(index + 1)) for (const base of left.bases) expect(gone).not.toContain(base);
        }
      }),
    );
  });
});

test.for([
  ["/b/20200721-234619.ngwbackup.age", "2020-07-21T23:46:19.000Z"],
  ["s3://b/ngw-2020-07-21T23:46:19.ngwbackup.age", "2020-07-21T23:46:19.000Z"],
  ["/b/20200721_234619-x.age", "2020-07-21T23:46:19.000Z"],
  ["/20200721-234619/nightly.age", undefined],
  ["/b/20200230-234619.age", undefined],
  ["/b/20201321-234619.age", undefined],
  ["/b/120200721-234619.age", undefined],
] as const)("the time in the name %s is %s", ([name, time]) => {
  expect(timeOfName(name)?.toISOString()).toBe(time);
});
