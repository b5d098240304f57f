import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyPolicy, type Dated } from "../../src/retention/apply-policy.ts";
import { type RetentionPolicy, emptyPolicy, isEmptyPolicy, periods } from "../../src/retention/policy.ts";
import { parseSpan } from "../../src/retention/span.ts";
import { type RecordedSeries, policies, series } from "./restic-series.ts";

/** The policy of restic's flags. */
function policyOf(flags: readonly string[]): RetentionPolicy {
  const given = { last: 0, counts: {}, within: undefined, withinPeriods: {}, tags: [] } as {
    -readonly [Key in keyof RetentionPolicy]: RetentionPolicy[Key];
  };
  for (let index = 0; index < flags.length; index += 2) {
    const name = flags[index]?.slice("--keep-".length) ?? "";
    const value = flags[index + 1] ?? "";
    const period = periods.find((each) => name.endsWith(each));
    if (name === "last") given.last = Number(value);
    else if (name === "tag") given.tags = [...given.tags, value.split(",")];
    else if (name === "within") given.within = parseSpan(value);
    else if (period === undefined) throw new Error(`no flag ${flags[index]}`);
    else if (name === period) given.counts = { ...given.counts, [period]: Number(value) };
    else given.withinPeriods = { ...given.withinPeriods, [period]: parseSpan(value) };
  }
  return given;
}

const now = new Date("2026-11-26T00:00:00Z");

describe("rules are those of restic", () => {
  const path = join(import.meta.dirname, "restic-cases.json");
  const recorded = JSON.parse(readFileSync(path, "utf8")) as { series: RecordedSeries[] };

  test("every policy was recorded with every series", () => {
    expect(recorded.series.map(({ name }) => name)).toEqual(series.map(({ name }) => name));
    for (const { cases } of recorded.series) expect(cases.map(({ flags }) => flags)).toEqual(policies);
  });

  for (const { name, cases } of recorded.series) {
    const snapshots = series.find((one) => one.name === name)?.snapshots ?? [];
    const items = snapshots.map(({ time, tags }, index) => ({ time: new Date(time), tags, index }));
    test.for(cases)(`${name}: $flags`, ({ flags, reasons }) => {
      const found: Record<string, number[]> = {};
      for (const judged of applyPolicy(items, policyOf(flags), now))
        for (const reason of judged.reasons) (found[reason] ??= []).push(judged.item.index);
      expect(found).toEqual(reasons);
    });
  }
});

const spanArbitrary = fc
  .record({ years: fc.nat(3), months: fc.nat(14), days: fc.nat(40), hours: fc.nat(30) })
  .filter(({ years, months, days, hours }) => years + months + days + hours > 0);
const periodArbitrary = fc.constantFrom(...periods);
const tagsArbitrary = fc.uniqueArray(fc.constantFrom("a", "b", "c"));
const policyArbitrary: fc.Arbitrary<RetentionPolicy> = fc.record({
  last: fc.nat(4),
  counts: fc.dictionary(periodArbitrary, fc.nat(5)),
  within: fc.option(spanArbitrary, { nil: undefined }),
  withinPeriods: fc.dictionary(periodArbitrary, spanArbitrary),
  tags: fc.array(fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1 }), { maxLength: 2 }),
});
const itemsArbitrary = fc.array(
  fc.record({
    time: fc
      .oneof(
        fc.integer({ min: Date.UTC(2019, 11, 1), max: Date.UTC(2021, 1, 1) }),
        fc.integer({ min: Date.UTC(2026, 9, 1), max: Date.UTC(2027, 1, 1) }),
        fc.integer({ min: 0, max: 48 }).map((hour) => Date.UTC(2020, 1, 28, hour)),
      )
      .map((ms) => new Date(ms)),
    tags: tagsArbitrary,
  }),
  { minLength: 1, maxLength: 40 },
);

const kept = (items: readonly Dated[], policy: RetentionPolicy): Dated[] =>
  applyPolicy(items, policy, now)
    .filter(({ reasons }) => reasons.length > 0)
    .map(({ item }) => item);

describe("whatever the policy", () => {
  test("the newest stays, unless tags alone are asked for", () => {
    fc.assert(
      fc.property(itemsArbitrary, policyArbitrary, (items, policy) => {
        fc.pre(isEmptyPolicy(policy) || !isEmptyPolicy({ ...policy, tags: [] }));
        const newestMs = Math.max(...items.map(({ time }) => time.getTime()));
        expect(kept(items, policy).some(({ time }) => time.getTime() === newestMs)).toBe(true);
      }),
    );
  });

  test("another rule, or a larger one, never lets more go", () => {
    fc.assert(
      fc.property(itemsArbitrary, policyArbitrary, policyArbitrary, (items, first, second) => {
        fc.pre(!isEmptyPolicy(first));
        const both: RetentionPolicy = {
          last: Math.max(first.last, second.last),
          counts: { ...second.counts, ...first.counts },
          within: first.within ?? second.within,
          withinPeriods: { ...second.withinPeriods, ...first.withinPeriods },
          tags: [...first.tags, ...second.tags],
        };
        const more = kept(items, both);
        for (const item of kept(items, first)) expect(more).toContain(item);
      }),
    );
  });

  test("what stays once stays when it is applied again", () => {
    fc.assert(
      fc.property(itemsArbitrary, policyArbitrary, (items, policy) => {
        const once = kept(items, policy);
        expect(kept(once, policy)).toEqual(once);
      }),
    );
  });

  test("each is judged, once, and the order they come in does not count", () => {
    fc.assert(
      fc.property(itemsArbitrary, policyArbitrary, (items, policy) => {
        const judged = applyPolicy(items, policy, now);
        expect(new Set(judged.map(({ item }) => item))).toEqual(new Set(items));
        expect(judged).toHaveLength(items.length);
        const times = (list: readonly Dated[]): number[] => list.map(({ time }) => time.getTime());
        fc.pre(new Set(times(items)).size === items.length);
        expect(times(kept(items.toReversed(), policy))).toEqual(times(kept(items, policy)));
      }),
    );
  });
});

test("without a rule all stay", () => {
  const items = [{ time: new Date("2020-01-01T00:00:00Z"), tags: [] }];
  expect(applyPolicy(items, emptyPolicy, now)).toEqual([{ item: items[0], reasons: ["policy is empty"] }]);
});
