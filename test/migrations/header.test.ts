import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  parseDependency,
  parseMigrationFileName,
  parsePythonHeader,
  parseSqlHeader,
} from "../../src/migrations/header.ts";
import { initialRevision } from "../../src/migrations/migration.ts";
import { pythonDocstring } from "../../src/migrations/python-docstring.ts";
import { runPython } from "../fixtures/python.ts";

const revision = fc.stringMatching(/^[0-9a-f]{8}$/);
const component = fc.stringMatching(/^[a-z][a-z_0-9]{0,10}$/);
const dependency = fc.record({ component, revision, exact: fc.constant(true) });
const header = fc.record({
  revision,
  parents: fc.array(revision, { maxLength: 3 }),
  dependencies: fc.array(dependency, { maxLength: 3 }),
  date: fc.option(fc.constant("2025-01-10T08:00:00"), { nil: undefined }),
  message: fc.option(
    // Ends an SQL comment, so no migration can hold it.
    fc.string({ unit: "binary", maxLength: 30 }).filter((text) => !text.includes("***/")),
    { nil: undefined },
  ),
});

function headerJson(value: { dependencies: { component: string; revision: string }[] }): string {
  const dependencies = value.dependencies.map((each) => `${each.component}==${each.revision}`);
  return JSON.stringify({ ...value, dependencies }, undefined, 2);
}

describe("names of migration files", () => {
  test.each([
    ["1a000001.fw.sql", { revision: "1a000001", kind: "forward" }],
    ["1a000001-with-slug_and.dots.rw.sql", { revision: "1a000001", kind: "rewind" }],
    ["1a000001-slug.py", { revision: "1a000001", kind: "python" }],
    ["__init__.py", undefined],
    ["1A000001.py", undefined],
    ["1a00001.py", undefined],
    ["1a000001x.py", undefined],
    ["1a000001.sql", undefined],
    ["1a000001.pyc", undefined],
  ])("%s", (name, expected) => {
    expect(parseMigrationFileName(name)).toEqual(expected);
  });
});

describe("headers of migration files", () => {
  test("any header comes back from SQL", () => {
    fc.assert(
      fc.property(header, fc.constantFrom("", "\uFEFF", "\n\n  "), (value, before) => {
        const text = `${before}/*** ${headerJson(value)} ***/\n\nSELECT 1; /*** { } ***/`;
        expect(parseSqlHeader(text, "x.fw.sql")).toEqual(value);
      }),
    );
  });

  test("any header comes back from a raw and from an escaped docstring", () => {
    fc.assert(
      fc.property(header, fc.constantFrom('"""', "'''"), fc.boolean(), (value, quote, raw) => {
        const json = headerJson(value);
        // A raw docstring has no way to hold its own quotes.
        fc.pre(!raw || !json.includes(quote));
        const body = raw ? json : json.replaceAll("\\", "\\\\").replaceAll(quote[0]!, `\\${quote[0]}`);
        const text = `#!/usr/bin/env python3\n# Comment "with quote"\n\n${raw ? "r" : ""}${quote} ${body} ${quote}\n\n"""other"""`;
        expect(parsePythonHeader(text, "x.py")).toEqual(value);
      }),
    );
  });

  test("a header without anything but the revision is one of the first migration", () => {
    expect(parseSqlHeader('/*** { "revision": "1a000001" } ***/', "x")).toEqual({
      revision: "1a000001",
      parents: [],
      dependencies: [],
      date: undefined,
      message: undefined,
    });
  });

  test.each([
    ["SELECT 1;", "m.fw.sql does not begin with a /*** { ... } ***/ header"],
    ["-- first\n/*** {} ***/", "m.fw.sql does not begin with a /*** { ... } ***/ header"],
    ["/*** { ***/", "header of m.fw.sql is not JSON: "],
    ["/*** [] ***/", "header of m.fw.sql is not a JSON object"],
    ["/*** {} ***/", "header of m.fw.sql: revision must be eight lower-case hexadecimal digits, found nothing"],
    ['/*** {"revision": "1A000001"} ***/', 'found "1A000001"'],
    [
      '/*** {"revision": "1a000001", "parents": "1a000000"} ***/',
      'parents must be a list of revisions, found "1a000000"',
    ],
    ['/*** {"revision": "1a000001", "dependencies": ["a==b==c"]} ***/', "dependencies must be a list of component=="],
    ['/*** {"revision": "1a000001", "message": 5} ***/', "message must be a text, found 5"],
  ])("%s is refused", (text, message) => {
    expect(() => parseSqlHeader(text, "m.fw.sql")).toThrow(message);
  });

  test.each(["import os\n", '"never closed', "x = ''' { } '''", '""" no object """'])(
    "a module that begins %j has no header",
    (text) => {
      expect(() => parsePythonHeader(text, "m.py")).toThrow("m.py does not begin with a docstring that holds a JSON");
    },
  );
});

test("dependencies", () => {
  expect(parseDependency("survey==1a000001")).toEqual({ component: "survey", revision: "1a000001", exact: true });
  expect(parseDependency("survey == 1a000001")).toEqual({ component: "survey", revision: "1a000001", exact: true });
  expect(parseDependency("survey=1a000001")).toEqual({ component: "survey", revision: "1a000001", exact: false });
  expect(parseDependency("survey:1a000001")).toEqual({ component: "survey", revision: "1a000001", exact: false });
  expect(parseDependency("survey")).toEqual({ component: "survey", revision: initialRevision, exact: false });
  expect(parseDependency("survey>=1a000001")).toBeUndefined();
  expect(parseDependency("")).toBeUndefined();
});

test("docstrings are what Python says they are", async () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "\\",
      '"',
      "'",
      "\n",
      "\\\n",
      "\\n",
      "\\x41",
      "\\u00e9",
      "\\101",
      "\\\\",
      "\\q",
      "#",
      " ",
      "{",
      "é",
      "😀",
    ),
    fc.string({ maxLength: 3 }).filter((text) => !text.includes("\u0000") && !text.includes("\r")),
  );
  const sources = fc.sample(
    fc
      .tuple(
        fc.constantFrom("", "# comment\n\n", "\n"),
        fc.constantFrom("", "r", "R", "u", "f", "b"),
        fc.constantFrom('"""', "'''", '"', "'"),
        fc.array(piece, { maxLength: 8 }),
      )
      .map(([before, prefix, quote, pieces]) => `${before}${prefix}${quote}${pieces.join("")}${quote}\nx = 1\n`),
    { numRuns: 2000, seed: 20250110 },
  );
  const script = `
import ast, json, sys, warnings
warnings.simplefilter("ignore")
def docstring(source):
    try:
        return [ast.get_docstring(ast.parse(source), clean=False)]
    except (SyntaxError, ValueError):
        return None
print(json.dumps([docstring(source) for source in json.load(sys.stdin)]))`;
  const answers = JSON.parse((await runPython(script, [], { input: JSON.stringify(sources) })).toString()) as (
    | [string | null]
    | null
  )[];
  let compared = 0;
  for (const [index, source] of sources.entries()) {
    const answer = answers[index];
    // Not Python at all: then nothing is promised. Strings joined by standing side by side: no migration has that.
    if (answer === null || answer === undefined) continue;
    const own = pythonDocstring(source);
    if (own !== undefined && answer[0] !== own && answer[0]?.startsWith(own) === true) continue;
    expect(own ?? null, JSON.stringify(source)).toBe(answer[0]);
    compared += 1;
  }
  expect(compared).toBeGreaterThan(500);
});
