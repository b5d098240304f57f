import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { momentBefore, parseSpan, showSpan } from "../../src/retention/span.ts";

describe("spans", () => {
  test.for(["14d", "1y5m7d2h", "6m", "1y1h", "100000h"])("%s is read and shown as it was", (text) => {
    const span = parseSpan(text);
    expect(span === undefined ? undefined : showSpan(span)).toBe(text);
  });

  test("units come in any order", () => expect(parseSpan("2h1y")).toEqual({ years: 1, months: 0, days: 0, hours: 2 }));

  test.for(["", "14", "d", "-1d", "1.5d", "1 d", "14D", "1w", "1d x", "100001d", "1d\n"])("%j is none", (text) => {
    expect(parseSpan(text)).toBeUndefined();
  });

  test.for([
    ["2021-03-31T07:05:00Z", "1m", "2021-03-03T07:05:00Z"],
    ["2020-03-31T07:05:00Z", "1m", "2020-03-02T07:05:00Z"],
    ["2020-02-29T00:00:00Z", "1y", "2019-03-01T00:00:00Z"],
    ["2021-01-01T00:30:00Z", "1h", "2020-12-31T23:30:00Z"],
    ["2021-03-31T00:00:00Z", "1y1m1d1h", "2020-02-29T23:00:00Z"],
    ["2021-03-28T03:00:00Z", "1d", "2021-03-27T03:00:00Z"],
  ] as const)("%s less %s is %s", ([moment, span, expected]) => {
    const parsed = parseSpan(span);
    if (parsed === undefined) throw new Error(span);
    expect(momentBefore(new Date(moment), parsed)).toEqual(new Date(expected));
  });

  test("what is shown is read back as the same", () => {
    const span = fc.record({ years: fc.nat(99), months: fc.nat(99), days: fc.nat(999), hours: fc.nat(999) });
    fc.assert(
      fc.property(span, (given) => {
        expect(parseSpan(showSpan(given))).toEqual(given);
      }),
    );
  });
});
