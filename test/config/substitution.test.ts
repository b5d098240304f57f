import { describe, expect, it } from "vitest";
import { substitute } from "../../src/config/substitution.ts";

const env = { SET: "value", EMPTY: "", REFERS: "${SET}", low_case: "low" };

describe("substitute", () => {
  it.each([
    ["plain $SET %(SET)s", "plain $SET %(SET)s"],
    ["${SET}", "value"],
    ["a${SET}b${SET}c", "avaluebvaluec"],
    ["${EMPTY}", ""],
    ["${low_case}", "low"],
    ["${set}", "${set}"],
    ["${MISSING}", "${MISSING}"],
    ["${MISSING:default}", "default"],
    ["${MISSING:}", ""],
    ["${SET:default}", "value"],
    ["${EMPTY:default}", ""],
    ["${SET?yes:no}", "yes"],
    ["${MISSING?yes:no}", "no"],
    ["${EMPTY?yes:no}", "yes"],
    ["${SET?:no}", ""],
    ["${SET?yes}", "${SET?yes}"],
    ["${MISSING:a:b}", "${MISSING:a:b}"],
    [String.raw`\${MISSING:a\:b\}\\}`.slice(1), String.raw`a:b}\ `.trimEnd()],
    // The chosen text is looked through again, a variable's value is not.
    [String.raw`${"$"}{MISSING:${"$"}\{SET\}}`, "value"],
    [String.raw`${"$"}{SET?${"$"}\{MISSING?a\:b\}-\{\}:}`, "b-{}"],
    ["${REFERS}", "${SET}"],
    ["${1X:a}", "${1X:a}"],
    ["${}", "${}"],
    ["${constructor:default}", "default"],
    ["${MISSING:two\nlines}", "two\nlines"],
  ])("%j gives %j", (value, expected) => {
    expect(substitute(value, env)).toBe(expected);
  });
});
